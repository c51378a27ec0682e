/*
 * floats.h - maps of floats.
 */

/* The first n lanes; of what is read, the others are zero. */
INLINE vector read(const void *map, size_t at, int n)
{
    const float *from = (const float *)map + at;
    float some[LANES] = {0};

    if (n == LANES)
        return load(from);
    memcpy(some, from, (size_t)n * sizeof *from);
    return load(some);
}

INLINE void write(vector value, void *map, size_t at, int n)
{
    float *to = (float *)map + at;

    if (n == LANES)
        store(value, to);
    else
        memcpy(to, &value, (size_t)n * sizeof *to);
}
