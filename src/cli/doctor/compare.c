/*
 * compare.c - which hosts have what, told for people.
 */
#include <stdio.h>
#include <string.h>

#include "doctor.h"

enum { HOSTS_NAMED = 8 };

void fa_doctor_list_hosts(const struct fa_doctor *doctor,
                          bool (*holds)(const struct fa_doctor_rank *rank, const void *context),
                          const void *context, char *text, size_t size)
{
    const char *last = "";
    size_t length = 0, n = 0;

    text[0] = '\0';
    for (size_t r = 0; r < doctor->n_ranks; r++) {
        const struct fa_doctor_rank *rank = &doctor->rank[r];

        if (!holds(rank, context) || strcmp(rank->host, last) == 0)
            continue;
        last = rank->host;
        if (n++ < HOSTS_NAMED && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s", n > 1 ? ", " : "", last);
    }
    if (n > HOSTS_NAMED && length < size)
        snprintf(text + length, size - length, " and %zu more", n - HOSTS_NAMED);
}

struct field {
    size_t offset;
    const char *value;
};

static const char *text_at(const struct fa_doctor_rank *rank, size_t offset)
{
    return (const char *)rank + offset;
}

static bool has_value(const struct fa_doctor_rank *rank, const void *context)
{
    const struct field *field = context;

    return strcmp(text_at(rank, field->offset), field->value) == 0;
}

static bool is_first_with_value(const struct fa_doctor *doctor, size_t r, size_t offset)
{
    const struct field field = {offset, text_at(&doctor->rank[r], offset)};

    for (size_t before = 0; before < r; before++)
        if (has_value(&doctor->rank[before], &field))
            return false;
    return true;
}

bool fa_doctor_compare(const struct fa_doctor *doctor, size_t offset, char *text, size_t size)
{
    size_t n_values = 0, length = 0;

    for (size_t r = 0; r < doctor->n_ranks; r++) {
        const struct field field = {offset, text_at(&doctor->rank[r], offset)};
        char hosts[256];

        if (!is_first_with_value(doctor, r, offset))
            continue;
        fa_doctor_list_hosts(doctor, has_value, &field, hosts, sizeof hosts);
        if (length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s on %s", n_values > 0 ? "; " : "",
                                       field.value, hosts);
        n_values++;
    }
    if (n_values == 1)
        snprintf(text, size, "%s", text_at(&doctor->rank[0], offset));
    return n_values == 1;
}
