/*
 * machine.c - the processor and the memory.
 */
#include "fa/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* ---- memory ---- */

/* The number in a file of one line; fallback where there is none ("max") or no file. */
static uint64_t read_number(const char *path, uint64_t fallback)
{
    uint64_t value = fallback;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return fallback;
    if (fscanf(file, "%" SCNu64, &value) != 1)
        value = fallback;
    fclose(file);
    return value;
}

/* What one control group leaves of its limit. */
static uint64_t left_of_group(const char *folder)
{
    char path[600];
    uint64_t limit, used;

    snprintf(path, sizeof path, "%s/memory.max", folder);
    limit = read_number(path, UINT64_MAX);
    snprintf(path, sizeof path, "%s/memory.current", folder);
    used = read_number(path, 0);
    return used < limit ? limit - used : 0;
}

/* Of the process's control group (version 2) and those above it the tightest. */
static uint64_t left_of_groups(void)
{
    char group[256] = "", folder[512];
    uint64_t least;

    read_line("/proc/self/cgroup", "0:", group, sizeof group);
    if (group[0] != ':')
        return UINT64_MAX;
    snprintf(folder, sizeof folder, "/sys/fs/cgroup%s", group + 1);
    least = left_of_group(folder);
    for (char *end = strrchr(folder, '/'); end > folder + strlen("/sys/fs"); end = strrchr(folder, '/')) {
        uint64_t left;

        *end = '\0';
        left = left_of_group(folder);
        if (left < least)
            least = left;
    }
    return least;
}

uint64_t fa_machine_free_memory(void)
{
    char text[64] = "";
    uint64_t kib = 0, least = left_of_groups();

    read_line("/proc/meminfo", "MemAvailable", text, sizeof text);
    if (sscanf(text, "%" SCNu64 " kB", &kib) == 1 && kib * 1024 < least)
        least = kib * 1024;
    return least == UINT64_MAX ? 0 : least;
}
