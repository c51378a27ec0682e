/*
 * machine.c - the processor and the memory.
 */
#include "fa/machine.h"

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "machine_groups.h"

/* ---- the processor ---- */

static const char *vector_instructions(void)
{
#ifdef __x86_64__
    static const char *names[] = {"AVX-512 with bfloat16", "AVX-512", "AVX2", "AVX", "SSE2"};
    const bool has[] = {__builtin_cpu_supports("avx512bf16") != 0, __builtin_cpu_supports("avx512bw") != 0,
                        __builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("avx") != 0, true};
    size_t i = 0;

    while (!has[i])
        i++;
    return names[i];
#else
    return "";
#endif
}

/* The value of the first line "key<blanks>: value" of a file; text stays as it is where there is none. */
static void read_line(const char *path, const char *key, char *text, size_t size)
{
    char line[256];
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        const char *value = strchr(line, ':');

        if (strncmp(line, key, strlen(key)) != 0 || value == NULL)
            continue;
        value += 1 + strspn(value + 1, " \t");
        snprintf(text, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    fclose(file);
}

void fa_machine_cpu(char *text, size_t size)
{
    const char *instructions = vector_instructions();
    char model[128] = "";

    read_line("/proc/cpuinfo", "model name", model, sizeof model);
    snprintf(text, size, "%s%s%s", model, model[0] != '\0' && instructions[0] != '\0' ? ", " : "",
             instructions);
}

/* ---- cores ---- */

double fa_machine_cpu_quota(void)
{
    return fa_machine_group_limits("").cpus;
}

int fa_machine_cores(void)
{
    const double quota = fa_machine_cpu_quota();
    cpu_set_t mask;
    int cores = 1;

    if (sched_getaffinity(0, sizeof mask, &mask) == 0)
        cores = CPU_COUNT(&mask);
    if (quota < cores)
        cores = (int)quota;
    return cores > 1 ? cores : 1;
}

/* ---- memory ---- */

uint64_t fa_machine_free_memory(void)
{
    const double of_groups = fa_machine_group_limits("").memory_left;
    char text[64] = "";
    uint64_t kib = 0;

    read_line("/proc/meminfo", "MemAvailable", text, sizeof text);
    if (sscanf(text, "%" SCNu64 " kB", &kib) == 1 && (double)kib * 1024 < of_groups)
        return kib * 1024;
    return isfinite(of_groups) ? (uint64_t)of_groups : 0;
}
