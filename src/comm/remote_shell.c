/*
 * remote_shell.c - lets a process alone start where there is no ssh, as in slim containers.
 *
 * Without a launcher Open MPI starts a daemon of its own, which refuses to run where it finds neither ssh nor
 * rsh, although it will never call it: there is no other host. Told of another program, it does not look.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm_private.h"

#define AGENT    "OMPI_MCA_plm_rsh_agent"
#define STAND_IN "/bin/false"

static bool is_in_folder(const char *folder, int length, const char *program)
{
    char path[4096];
    const int n = snprintf(path, sizeof path, "%.*s/%s", length, folder, program);

    return n < (int)sizeof path && access(path, X_OK) == 0;
}

static bool is_on_path(const char *program)
{
    const char *folder = getenv("PATH");

    while (folder != NULL) {
        const char *end = strchrnul(folder, ':');

        if (is_in_folder(folder, (int)(end - folder), program))
            return true;
        folder = *end != '\0' ? end + 1 : NULL;
    }
    return false;
}

void fa_comm_spare_remote_shell(void)
{
    if (!fa_comm_is_launched() && getenv(AGENT) == NULL && !is_on_path("ssh") && !is_on_path("rsh") &&
        access(STAND_IN, X_OK) == 0)
        setenv(AGENT, STAND_IN, 0);
}
