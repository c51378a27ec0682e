#include "machine_groups.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096, LINE_SIZE = 8192 };

/* Version 1 of memory says this or more where there is no limit. */
#define NO_LIMIT 0x1p62

/* ---- files ---- */

static FILE *open_in(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    const int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    return n < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* The numbers that a file begins with; returns how many there are, 0 for "max" or no file. */
static int read_numbers(const char *folder, const char *name, double out[2])
{
    FILE *file = open_in(folder, name);
    int n;

    if (file == NULL)
        return 0;
    n = fscanf(file, "%lf %lf", &out[0], &out[1]);
    fclose(file);
    return n > 0 ? n : 0;
}

/* The number behind a word at the beginning of a line; 0 where there is none. */
static double read_named(const char *folder, const char *name, const char *word)
{
    FILE *file = open_in(folder, name);
    char line[256];
    double value = 0;

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, word, strlen(word)) == 0 && sscanf(line + strlen(word), " %lf", &value) == 1)
            break;
    fclose(file);
    return value;
}

/* ---- the limits of one group ---- */

static void limit_cpus(double quota, double period, struct fa_group_limits *limits)
{
    if (quota > 0 && period > 0 && quota / period < limits->cpus)
        limits->cpus = quota / period;
}

static void limit_memory(double limit, double used, struct fa_group_limits *limits)
{
    const double left = used < limit ? limit - used : 0;

    if (limit < NO_LIMIT && left < limits->memory_left)
        limits->memory_left = left;
}

static void visit_cpu_1(const char *folder, struct fa_group_limits *limits)
{
    double quota[2], period[2];

    if (read_numbers(folder, "cpu.cfs_quota_us", quota) > 0 &&
        read_numbers(folder, "cpu.cfs_period_us", period) > 0)
        limit_cpus(quota[0], period[0], limits);
}

static void visit_memory_1(const char *folder, struct fa_group_limits *limits)
{
    double limit[2], used[2];

    if (read_numbers(folder, "memory.limit_in_bytes", limit) > 0 &&
        read_numbers(folder, "memory.usage_in_bytes", used) > 0)
        limit_memory(limit[0], used[0] - read_named(folder, "memory.stat", "total_inactive_file "), limits);
}

static void visit_2(const char *folder, struct fa_group_limits *limits)
{
    double quota[2], limit[2], used[2];

    if (read_numbers(folder, "cpu.max", quota) == 2)
        limit_cpus(quota[0], quota[1], limits);
    if (read_numbers(folder, "memory.max", limit) > 0 && read_numbers(folder, "memory.current", used) > 0)
        limit_memory(limit[0], used[0] - read_named(folder, "memory.stat", "inactive_file "), limits);
}

/* ---- where the groups are ---- */

/* A hierarchy of groups as it is mounted: the folder of the process's own group, which begins with top. */
struct hierarchy {
    char top[PATH_SIZE], own[PATH_SIZE];
};

static bool has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* controller NULL: version 2. */
static bool is_mount_of(const char *line, const char *controller)
{
    const char *rest = strstr(line, " - ");
    char type[16], options[512];

    if (rest == NULL || sscanf(rest, " - %15s %*s %511s", type, options) != 2)
        return false;
    if (controller == NULL)
        return strcmp(type, "cgroup2") == 0;
    return strcmp(type, "cgroup") == 0 && has_word(options, controller);
}

/* The folder of the system that a hierarchy is mounted at, and which of its groups that shows. */
static bool find_mount(const char *root, const char *controller, char top[PATH_SIZE], char shown[PATH_SIZE])
{
    FILE *file = open_in(root, "proc/self/mountinfo");
    char line[LINE_SIZE];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = is_mount_of(line, controller) && sscanf(line, "%*s %*s %*s %4095s %4095s", shown, top) == 2;
    if (file != NULL)
        fclose(file);
    return found;
}

/* The process's group in a hierarchy: "7:cpu,cpuacct:/a/b", and of version 2 "0::/a/b". */
static bool find_group(const char *root, const char *controller, char group[PATH_SIZE])
{
    FILE *file = open_in(root, "proc/self/cgroup");
    char line[LINE_SIZE];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        char *controllers = strchr(line, ':'),
             *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

        if (path == NULL)
            continue;
        *path++ = '\0';
        found = controller == NULL ? strcmp(line, "0:") == 0 : has_word(controllers + 1, controller);
        snprintf(group, PATH_SIZE, "%.*s", (int)strcspn(path, "\n"), path);
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* The group below the one that the mount shows; "" where it is that one, or cannot be told. */
static const char *below(const char *group, const char *shown)
{
    const size_t length = strcmp(shown, "/") == 0 ? 0 : strlen(shown);

    if (strncmp(group, shown, length) != 0 || strstr(group, "/..") != NULL || strcmp(group, "/") == 0)
        return "";
    return group[length] == '/' ? group + length : "";
}

static bool find_hierarchy(const char *root, const char *controller, struct hierarchy *h)
{
    char top[PATH_SIZE], shown[PATH_SIZE], group[PATH_SIZE];

    return find_mount(root, controller, top, shown) && find_group(root, controller, group) &&
           snprintf(h->top, sizeof h->top, "%s%s", root, top) < PATH_SIZE &&
           snprintf(h->own, sizeof h->own, "%s%s", h->top, below(group, shown)) < PATH_SIZE;
}

/* ---- all of them ---- */

static void visit_all(const char *root, const char *controller,
                      void (*visit)(const char *folder, struct fa_group_limits *limits),
                      struct fa_group_limits *limits)
{
    struct hierarchy h;

    if (!find_hierarchy(root, controller, &h))
        return;
    visit(h.own, limits);
    while (strlen(h.own) > strlen(h.top)) {
        *strrchr(h.own, '/') = '\0';
        visit(h.own, limits);
    }
}

struct fa_group_limits fa_machine_group_limits(const char *root)
{
    struct fa_group_limits limits = {.cpus = INFINITY, .memory_left = INFINITY};

    visit_all(root, NULL, visit_2, &limits);
    visit_all(root, "cpu", visit_cpu_1, &limits);
    visit_all(root, "memory", visit_memory_1, &limits);
    return limits;
}
