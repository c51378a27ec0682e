#include "fa/activity.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

static _Atomic(const char *) doing = "", waiting, beside, device = "";
static _Atomic uint64_t count, beside_count;

void fa_activity_begin(const char *what)
{
    atomic_store(&doing, what);
    fa_activity_go_on();
}

void fa_activity_wait(const char *what)
{
    atomic_store(&waiting, what);
    atomic_fetch_add(&count, 1);
}

void fa_activity_go_on(void)
{
    atomic_store(&waiting, NULL);
    atomic_fetch_add(&count, 1);
}

void fa_activity_beside(const char *what)
{
    atomic_store(&beside, what);
    atomic_fetch_add(&beside_count, 1);
}

void fa_activity_device(const char *text)
{
    static char copy[128];

    snprintf(copy, sizeof copy, "%s", text);
    atomic_store(&device, copy);
}

struct fa_activity fa_activity_now(void)
{
    struct fa_activity now = {.count = atomic_load(&count), .beside_count = atomic_load(&beside_count)};

    now.doing = atomic_load(&doing);
    now.waiting = atomic_load(&waiting);
    now.beside = atomic_load(&beside);
    now.device = atomic_load(&device);
    return now;
}
