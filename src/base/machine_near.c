#include "machine_near.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fa/machine.h"

/* Where a device is plugged in is a name of that file system's: "0000:3b:00.0". */
static bool is_bus(const char *bus)
{
    return bus[0] != '\0' && strspn(bus, "0123456789abcdef:.") == strlen(bus) && strstr(bus, "..") == NULL;
}

/* The list "0-15,32-47". */
static void read_list(FILE *file, cpu_set_t *cores)
{
    unsigned first, last;
    char separator;
    int n;

    CPU_ZERO(cores);
    while ((n = fscanf(file, "%5u%c", &first, &separator)) >= 1) {
        last = first;
        if (n == 2 && separator == '-' && fscanf(file, "%5u%c", &last, &separator) < 1)
            break;
        for (unsigned c = first; c <= last && c < CPU_SETSIZE; c++)
            CPU_SET(c, cores);
    }
}

int fa_machine_near(const char *root, const char *bus, cpu_set_t *cores)
{
    char path[512];
    cpu_set_t near;
    FILE *file;

    if (!is_bus(bus))
        return 0;
    snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/local_cpulist", root, bus);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    read_list(file, &near);
    fclose(file);
    CPU_AND(&near, &near, cores);
    if (CPU_COUNT(&near) == 0)
        return 0;
    *cores = near;
    return CPU_COUNT(cores);
}

int fa_machine_stay_near(const char *bus)
{
    cpu_set_t cores;
    int n;

    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 0;
    n = fa_machine_near("", bus, &cores);
    return n > 0 && sched_setaffinity(0, sizeof cores, &cores) == 0 ? n : 0;
}
