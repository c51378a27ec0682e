/* What the system says of this computer is read as it stands there. */
#include "support.h"

#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/machine.h"
#include "machine_groups.h"
#include "machine_near.h"

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

/* ---- control groups ---- */

static const char *root; /* of a made-up system, new for each test */

/* A file of that system, and the folders above it. */
static void put(const char *name, const char *text)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int new_root(void **state)
{
    static char path[256];
    static int n;

    (void)state;
    snprintf(path, sizeof path, "%s/%d", fa_test_directory(), n++);
    root = path;
    return mkdir(path, 0777);
}

static void a_quota_of_version_2_counts_with_those_above_it(void **state)
{
    struct fa_group_limits limits;

    (void)state;
    put("proc/self/mountinfo",
        "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    put("proc/self/cgroup", "0::/slice/job/rank\n");
    put("sys/fs/cgroup/slice/cpu.max", "150000 100000\n");
    put("sys/fs/cgroup/slice/job/cpu.max", "400000 100000\n");
    put("sys/fs/cgroup/slice/job/rank/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/slice/memory.max", "max\n");
    put("sys/fs/cgroup/slice/job/memory.max", "1000\n");
    put("sys/fs/cgroup/slice/job/memory.current", "700\n");
    put("sys/fs/cgroup/slice/job/memory.stat", "anon 400\ninactive_file 300\nactive_file 0\n");
    limits = fa_machine_group_limits(root);
    assert_near(limits.cpus, 1.5, 0);
    assert_near(limits.memory_left, 600, 0);
}

static void a_container_of_version_2_sees_its_own_group_as_the_outermost(void **state)
{
    (void)state;
    put("proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/cpu.max", "250000 100000\n");
    assert_near(fa_machine_group_limits(root).cpus, 2.5, 0);
    put("proc/self/cgroup", "0::/../../elsewhere\n");
    assert_near(fa_machine_group_limits(root).cpus, 2.5, 0);
}

static void version_1_is_found_where_its_controllers_are_mounted(void **state)
{
    struct fa_group_limits limits;

    (void)state;
    put("proc/self/mountinfo",
        "30 29 0:27 /docker/7 /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n"
        "31 29 0:28 /docker/7 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
        "32 29 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "33 29 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("proc/self/cgroup", "9:cpuset:/docker/7\n7:cpu,cpuacct:/docker/7/sub\n4:memory:/job\n0::/\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu,cpuacct/sub/cpu.cfs_quota_us", "25000\n");
    put("sys/fs/cgroup/cpu,cpuacct/sub/cpu.cfs_period_us", "50000\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/memory.usage_in_bytes", "12345678\n");
    put("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "5000\n");
    put("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "4500\n");
    put("sys/fs/cgroup/memory/job/memory.stat", "cache 4000\ninactive_file 0\ntotal_inactive_file 500\n");
    limits = fa_machine_group_limits(root);
    assert_near(limits.cpus, 0.5, 0);
    assert_near(limits.memory_left, 1000, 0);
}

static void without_a_quota_there_is_no_limit(void **state)
{
    (void)state;
    assert_true(isinf(fa_machine_group_limits(root).cpus));
    put("proc/self/mountinfo",
        "31 29 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\nrubbish\n - cgroup\n");
    put("proc/self/cgroup", "7:cpu:/\nrubbish\n:\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_true(isinf(fa_machine_group_limits(root).cpus));
    assert_true(isinf(fa_machine_group_limits(root).memory_left));
}

static void cores_are_those_of_the_affinity(void **state)
{
    cpu_set_t before, one;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_in_range(fa_machine_cores(), 1, CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (int c = 0; CPU_COUNT(&one) == 0; c++)
        if (CPU_ISSET(c, &before))
            CPU_SET(c, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(fa_machine_cores(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* ---- cores beside a device ---- */

static cpu_set_t cores_to(int last)
{
    cpu_set_t cores;

    CPU_ZERO(&cores);
    for (int c = 0; c <= last; c++)
        CPU_SET(c, &cores);
    return cores;
}

static void cores_beside_a_device_are_those_of_its_node_that_may_be_used(void **state)
{
    cpu_set_t cores = cores_to(40);

    (void)state;
    put("sys/bus/pci/devices/0000:3b:00.0/local_cpulist", "3,16-31,48-63\n");
    assert_int_equal(fa_machine_near(root, "0000:3b:00.0", &cores), 17);
    assert_true(CPU_ISSET(3, &cores) && CPU_ISSET(16, &cores) && CPU_ISSET(31, &cores));
    assert_false(CPU_ISSET(0, &cores) || CPU_ISSET(4, &cores) || CPU_ISSET(32, &cores));
    put("sys/bus/pci/devices/0000:3b:00.0/local_cpulist", "0-7");
    cores = cores_to(2);
    assert_int_equal(fa_machine_near(root, "0000:3b:00.0", &cores), 3);
}

static void assert_stays(const char *bus)
{
    cpu_set_t cores = cores_to(2), before = cores;

    assert_int_equal(fa_machine_near(root, bus, &cores), 0);
    assert_true(CPU_EQUAL(&cores, &before));
}

static void cores_stay_where_the_node_is_unknown_or_only_others_are_on_it(void **state)
{
    (void)state;
    put("sys/bus/pci/devices/0000:3b:00.0/local_cpulist", "16-31\n");
    put("sys/bus/pci/devices/0000:3c:00.0/local_cpulist", "\n");
    put("sys/bus/pci/devices/0000:3d:00.0/local_cpulist", "a lot");
    put("sys/bus/pci/local_cpulist", "0-1\n");
    assert_stays("0000:3b:00.0");
    assert_stays("0000:3c:00.0");
    assert_stays("0000:3d:00.0");
    assert_stays("0000:99:00.0");
    assert_stays("..");
    assert_stays("");
}

/* ---- open files ---- */

/* Exit codes of a child, which alone may lower its limit for good. */
static int allow_with(rlim_t soft, rlim_t hard, size_t n)
{
    const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    int result;

    if (fork() == 0) {
        fa_status status = FA_OK;

        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            _exit(99);
        status = fa_machine_allow_files(n, ", or else");
        for (size_t i = 0; status == FA_OK && i < n; i++)
            if (open("/dev/null", O_RDONLY) < 0)
                _exit(98);
        _exit(status == FA_OK ? 0 : strstr(fa_message(), "raise `ulimit -n` to ") == NULL ? 97 : 1);
    }
    wait(&result);
    return WEXITSTATUS(result);
}

static void the_limit_of_open_files_is_raised_as_far_as_needed(void **state)
{
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(allow_with(20, limit.rlim_max, 300), 0);
    assert_int_equal(allow_with(20, 300, 200), 0);
    assert_int_equal(allow_with(20, 100, 300), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_processor_is_the_one_of_proc_cpuinfo),
        cmocka_unit_test(a_short_text_is_cut_and_ended),
        cmocka_unit_test(free_memory_is_some_and_no_more_than_there_is),
        cmocka_unit_test_setup(a_quota_of_version_2_counts_with_those_above_it, new_root),
        cmocka_unit_test_setup(a_container_of_version_2_sees_its_own_group_as_the_outermost, new_root),
        cmocka_unit_test_setup(version_1_is_found_where_its_controllers_are_mounted, new_root),
        cmocka_unit_test_setup(without_a_quota_there_is_no_limit, new_root),
        cmocka_unit_test(cores_are_those_of_the_affinity),
        cmocka_unit_test_setup(cores_beside_a_device_are_those_of_its_node_that_may_be_used, new_root),
        cmocka_unit_test_setup(cores_stay_where_the_node_is_unknown_or_only_others_are_on_it, new_root),
        cmocka_unit_test(the_limit_of_open_files_is_raised_as_far_as_needed),
        cmocka_unit_test(interfaces_are_those_that_others_can_reach_and_no_more_than_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
