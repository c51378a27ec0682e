/* What the system says of this computer is read as it stands there. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/machine.h"

static void the_processor_is_the_one_of_proc_cpuinfo(void **state)
{
    char cpu[128], line[256], model[200] = "";
    FILE *file = fopen("/proc/cpuinfo", "r");

    (void)state;
    assert_non_null(file);
    while (model[0] == '\0' && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "model name : %199[^\n]", model) != 1)
            model[0] = '\0';
    fclose(file);
    fa_machine_cpu(cpu, sizeof cpu);
    assert_memory_equal(cpu, model, strlen(model));
    assert_true(strlen(cpu) > strlen(model) || model[0] == '\0');
}

static void a_short_text_is_cut_and_ended(void **state)
{
    char cpu[5] = "xxxx";

    (void)state;
    fa_machine_cpu(cpu, sizeof cpu);
    assert_true(strlen(cpu) < sizeof cpu);
}

static void free_memory_is_some_and_no_more_than_there_is(void **state)
{
    const uint64_t there_is = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGE_SIZE);

    (void)state;
    assert_in_range(fa_machine_free_memory(), (uint64_t)16 << 20, there_is);
}

static void interfaces_are_those_that_others_can_reach_and_no_more_than_asked_for(void **state)
{
    struct fa_interface interface[64];
    size_t all, one;

    (void)state;
    assert_ok(fa_machine_interfaces(interface, 64, &all));
    for (size_t i = 0; i < all; i++) {
        assert_true(strncmp(interface[i].address, "127.", 4) != 0);
        assert_true(strncmp(interface[i].address, "fe80:", 5) != 0);
        assert_true(strlen(interface[i].name) > 0 && strcmp(interface[i].name, "lo") != 0);
    }
    assert_ok(fa_machine_interfaces(interface, 1, &one));
    assert_int_equal(one, all < 1 ? all : 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_processor_is_the_one_of_proc_cpuinfo),
        cmocka_unit_test(a_short_text_is_cut_and_ended),
        cmocka_unit_test(free_memory_is_some_and_no_more_than_there_is),
        cmocka_unit_test(interfaces_are_those_that_others_can_reach_and_no_more_than_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
