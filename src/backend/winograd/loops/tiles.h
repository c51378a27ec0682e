/*
 * tiles.h - tiles of a map to their points, and sums of products at points back to tiles.
 */

/* ---- tiles to points ---- */

INLINE size_t offset_of(const struct winograd_channels *channels, int y, int x)
{
    return ((size_t)y * (size_t)channels->width + (size_t)x) * channels->step;
}

/* A square of positions, of a map or partly beyond it. */
struct square {
    int y, x, side;
};

INLINE bool is_within(const struct winograd_channels *channels, struct square square)
{
    return square.y >= 0 && square.x >= 0 && square.y + square.side <= channels->height &&
           square.x + square.side <= channels->width;
}

/* One side of a square to its points. */
typedef void transform(const vector *from, vector *to);

/* Of the first n lanes; beyond the map, where it is checked for that, are zeros. */
INLINE void spread_square(const struct winograd_channels *channels, int n, struct square square, bool checked,
                          transform *to_points, float *to, size_t point)
{
    vector half[PATCH][PATCH];

    for (int i = 0; i < square.side; i++) {
        vector row[PATCH];

        for (int j = 0; j < square.side; j++) {
            const struct square one = {square.y + i, square.x + j, 1};

            row[j] = checked && !is_within(channels, one)
                         ? (vector){0}
                         : read(channels->data, offset_of(channels, one.y, one.x), n);
        }
        to_points(row, half[i]);
    }
    for (int j = 0; j < PATCH; j++) {
        vector column[PATCH], points[PATCH];

        for (int i = 0; i < square.side; i++)
            column[i] = half[i][j];
        to_points(column, points);
        for (int i = 0; i < PATCH; i++)
            store(points[i], to + (size_t)(i * PATCH + j) * point);
    }
}

/* Squares of a run's tiles, which begin `before` positions above and left of them. */
INLINE void spread(const struct winograd_channels *channels, struct winograd_run run, int before, int side,
                   transform *to_points, struct winograd_points to)
{
    for (int t = 0; t < run.n; t++) {
        const struct square square = {run.y - before, run.x - before + t * TILE, side};
        float *row = to.data + (size_t)t * to.row;

        if (channels->n < LANES)
            spread_square(channels, channels->n, square, true, to_points, row, to.point);
        else if (!is_within(channels, square))
            spread_square(channels, LANES, square, true, to_points, row, to.point);
        else
            spread_square(channels, LANES, square, false, to_points, row, to.point);
    }
}

static void spread_inputs(const struct winograd_channels *channels, struct winograd_run run,
                          struct winograd_points to)
{
    spread(channels, run, 1, PATCH, inputs_to_points, to);
}

static void spread_outputs(const struct winograd_channels *channels, struct winograd_run run,
                           struct winograd_points to)
{
    spread(channels, run, 0, TILE, outputs_to_points, to);
}

/* ---- and back ---- */

INLINE void collect_tile(const float *from, size_t point, vector to[TILE][TILE])
{
    vector half[TILE][PATCH];

    for (int j = 0; j < PATCH; j++) {
        vector column[PATCH], outputs[TILE];

        for (int i = 0; i < PATCH; i++)
            column[i] = load(from + (size_t)(i * PATCH + j) * point);
        points_to_outputs(column, outputs);
        for (int i = 0; i < TILE; i++)
            half[i][j] = outputs[i];
    }
    for (int i = 0; i < TILE; i++)
        points_to_outputs(half[i], to[i]);
}

/* The first n lanes, at the same place of all maps. NaN passes, so that a broken step is noticed by its
   loss. */
INLINE vector finished(vector value, const struct winograd_finish *finish, vector bias, size_t at, int n)
{
    value += bias;
    if (finish->added != NULL)
        value += read(finish->added, at, n);
    if (finish->relu)
        value = where(~(value < 0), value);
    if (finish->positive != NULL)
        value = where(read(finish->positive, at, n) > 0, value);
    return value;
}

INLINE void collect_lanes(struct winograd_points from, const struct winograd_channels *channels, int n,
                          struct winograd_run run, const struct winograd_finish *finish)
{
    const vector bias = finish->bias != NULL ? load(finish->bias) : (vector){0};

    for (int t = 0; t < run.n; t++) {
        const int first = run.x + t * TILE;
        const int end_y = smaller(run.y + TILE, channels->height);
        const int end_x = smaller(first + TILE, channels->width);
        vector tile[TILE][TILE];

        collect_tile(from.data + (size_t)t * from.row, from.point, tile);
        for (int y = run.y; y < end_y; y++)
            for (int x = first; x < end_x; x++) {
                const size_t at = offset_of(channels, y, x);

                write(finished(tile[y - run.y][x - first], finish, bias, at, n), channels->data, at, n);
            }
    }
}

static void collect(struct winograd_points from, const struct winograd_channels *channels,
                    struct winograd_run run, const struct winograd_finish *finish)
{
    if (channels->n == LANES)
        collect_lanes(from, channels, LANES, run, finish);
    else
        collect_lanes(from, channels, channels->n, run, finish);
}

/* Of positions: in float over a row, four at a time, and in double over rows. */
static void sum(const struct winograd_channels *channels, bool add, float *sums)
{
    double total[LANES] = {0};

    for (int y = 0; y < channels->height; y++) {
        vector part[4] = {{0}};

        for (int x = 0; x < channels->width; x++)
            part[x & 3] += read(channels->data, offset_of(channels, y, x), channels->n);
        part[0] = (part[0] + part[1]) + (part[2] + part[3]);
        for (int lane = 0; lane < LANES; lane++)
            total[lane] += (double)part[0][lane];
    }
    for (int lane = 0; lane < LANES; lane++)
        sums[lane] = (float)(add ? (double)sums[lane] + total[lane] : total[lane]);
}
