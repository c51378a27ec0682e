#include "decode_budget.h"

#include <pthread.h>
#include <stdint.h>

#include "fa/image.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t n_come, n_served; /* those who took; a place in the queue is n_come of one's arrival */
    size_t in_use;
} budget = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int has_room(size_t n_bytes)
{
    return budget.in_use == 0 ||
           (budget.in_use < FA_DECODE_BUDGET && n_bytes <= FA_DECODE_BUDGET - budget.in_use);
}

void fa_decode_budget_take(size_t n_bytes)
{
    uint64_t place;

    pthread_mutex_lock(&budget.lock);
    place = budget.n_come++;
    while (place != budget.n_served || !has_room(n_bytes))
        pthread_cond_wait(&budget.changed, &budget.lock);
    budget.n_served++;
    budget.in_use += n_bytes;
    if (budget.n_served < budget.n_come)
        pthread_cond_broadcast(&budget.changed);
    pthread_mutex_unlock(&budget.lock);
}

void fa_decode_budget_give(size_t n_bytes)
{
    pthread_mutex_lock(&budget.lock);
    budget.in_use -= n_bytes;
    if (budget.n_served < budget.n_come)
        pthread_cond_broadcast(&budget.changed);
    pthread_mutex_unlock(&budget.lock);
}
