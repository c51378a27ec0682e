/*
 * transforms.h - between tiles and their points: the matrices of F(TILE, 3) along one side of a tile, on
 * vectors of LANES channels. A tile takes it along both sides.
 *
 * The points are 0, p and -p for each p of PAIRS, and infinity (doc/method.md 2.8). At p and -p the even
 * terms of a sum are the same, and the odd ones differ in their sign.
 */
enum { PATCH = TILE + 2, PAIRS = TILE / 2 };

#define SQUARE(p) ((p) * (p))
#define POWERS(p)                                                                                            \
    {                                                                                                        \
        1, (p), (p) * (p), (p) * (p) * (p), (p) * (p) * (p) * (p), (p) * (p) * (p) * (p) * (p)               \
    }

/* all: the coefficients of the product of x^2 - p^2 over all p, at powers of x^2. but[k]: without the k-th p.
   scale[k]: one over 2 p^2 times that product at the k-th p. */
#if TILE == 4
#define A  0.625f
#define B  1.5f
#define A2 SQUARE(A)
#define B2 SQUARE(B)
static const float powers[PAIRS][6] = {POWERS(A), POWERS(B)};
static const float all[PAIRS + 1] = {A2 * B2, -(A2 + B2), 1};
static const float but[PAIRS][PAIRS] = {{-B2, 1}, {-A2, 1}};
static const float scale[PAIRS] = {1 / (2 * A2 * (A2 - B2)), 1 / (2 * B2 * (B2 - A2))};
#else
#define A  0.5f
#define B  1.0f
#define C  2.0f
#define A2 SQUARE(A)
#define B2 SQUARE(B)
#define C2 SQUARE(C)
static const float powers[PAIRS][6] = {POWERS(A), POWERS(B), POWERS(C)};
static const float all[PAIRS + 1] = {-A2 * B2 * C2, A2 *B2 + A2 *C2 + B2 *C2, -(A2 + B2 + C2), 1};
static const float but[PAIRS][PAIRS] = {
    {B2 * C2, -(B2 + C2), 1}, {A2 * C2, -(A2 + C2), 1}, {A2 * B2, -(A2 + B2), 1}};
static const float scale[PAIRS] = {1 / (2 * A2 * (A2 - B2) * (A2 - C2)), 1 / (2 * B2 * (B2 - A2) * (B2 - C2)),
                                   1 / (2 * C2 * (C2 - A2) * (C2 - B2))};
#endif

/* factors[0] v[0] + factors[1] v[2] + ... */
INLINE vector every_second(const float *factors, int n, const vector *v)
{
    vector sum = factors[0] * v[0];

    UNROLL
    for (int i = 1; i < n; i++)
        sum += factors[i] * v[2 * i];
    return sum;
}

INLINE void set_pair(vector *to, int k, vector even, vector odd)
{
    to[2 * k + 1] = even + odd;
    to[2 * k + 2] = even - odd;
}

/* B^T d */
INLINE void inputs_to_points(const vector *d, vector *to)
{
    to[0] = every_second(all, PAIRS + 1, d);
    UNROLL
    for (int k = 0; k < PAIRS; k++)
        set_pair(to, k, every_second(but[k], PAIRS, d + 2),
                 powers[k][1] * every_second(but[k], PAIRS, d + 1));
    to[PATCH - 1] = every_second(all, PAIRS + 1, d + 1);
}

/* A y */
INLINE void outputs_to_points(const vector *y, vector *to)
{
    to[0] = y[0];
    UNROLL
    for (int k = 0; k < PAIRS; k++) {
        vector even = y[0], odd = powers[k][1] * y[1];

        UNROLL
        for (int i = 2; i < TILE; i += 2) {
            even += powers[k][i] * y[i];
            odd += powers[k][i + 1] * y[i + 1];
        }
        set_pair(to, k, even, odd);
    }
    to[PATCH - 1] = y[TILE - 1];
}

/* powers[0][i] (m_a + m_-a) + powers[1][i] (m_b + m_-b) + ... for even i, with differences for odd ones */
INLINE vector sum_of_pairs(const vector *m, int i)
{
    vector sum[PAIRS];

    UNROLL
    for (int k = 0; k < PAIRS; k++)
        sum[k] = i % 2 == 0 ? m[2 * k + 1] + m[2 * k + 2] : m[2 * k + 1] - m[2 * k + 2];
    sum[0] *= powers[0][i];
    UNROLL
    for (int k = 1; k < PAIRS; k++)
        sum[0] += powers[k][i] * sum[k];
    return sum[0];
}

/* A^T m */
INLINE void points_to_outputs(const vector *m, vector *to)
{
    UNROLL
    for (int i = 0; i < TILE; i++)
        to[i] = sum_of_pairs(m, i);
    to[0] += m[0];
    to[TILE - 1] += m[PATCH - 1];
}

/* G g */
INLINE void filters_to_points(const vector *g, vector *to)
{
    to[0] = g[0] * (1 / all[0]);
    UNROLL
    for (int k = 0; k < PAIRS; k++)
        set_pair(to, k, scale[k] * (g[0] + powers[k][2] * g[2]), scale[k] * powers[k][1] * g[1]);
    to[PATCH - 1] = g[2];
}

/* G^T u */
INLINE void points_to_filters(const vector *u, vector *to)
{
    vector scaled[PATCH];

    UNROLL
    for (int k = 0; k < PAIRS; k++) {
        scaled[2 * k + 1] = scale[k] * u[2 * k + 1];
        scaled[2 * k + 2] = scale[k] * u[2 * k + 2];
    }
    UNROLL
    for (int i = 0; i < 3; i++)
        to[i] = sum_of_pairs(scaled, i);
    to[0] += u[0] * (1 / all[0]);
    to[2] += u[PATCH - 1];
}
