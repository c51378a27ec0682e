/*
 * transforms.h - between tiles and their points: the matrices of F(4, 3) on the points 0, a, -a, b, -b and
 * infinity (doc/method.md 2.8), along one side of a tile, on vectors of LANES channels. A tile takes it along
 * both sides.
 */

#define POINT_A 0.625f
#define POINT_B 1.5f
#define A2      (POINT_A * POINT_A)
#define B2      (POINT_B * POINT_B)
#define SCALE_0 (1 / (A2 * B2))
#define SCALE_A (1 / (2 * A2 * (A2 - B2)))
#define SCALE_B (1 / (2 * B2 * (B2 - A2)))

/* B^T d */
INLINE void inputs_to_points(const vector d[WINOGRAD_PATCH], vector to[WINOGRAD_PATCH])
{
    const vector even_a = d[4] - B2 * d[2], odd_a = POINT_A * (d[3] - B2 * d[1]);
    const vector even_b = d[4] - A2 * d[2], odd_b = POINT_B * (d[3] - A2 * d[1]);

    to[0] = A2 * B2 * d[0] - (A2 + B2) * d[2] + d[4];
    to[1] = even_a + odd_a;
    to[2] = even_a - odd_a;
    to[3] = even_b + odd_b;
    to[4] = even_b - odd_b;
    to[5] = A2 * B2 * d[1] - (A2 + B2) * d[3] + d[5];
}

/* A^T m */
INLINE void points_to_outputs(const vector m[WINOGRAD_PATCH], vector to[WINOGRAD_TILE])
{
    const vector sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const vector sum_b = m[3] + m[4], difference_b = m[3] - m[4];

    to[0] = m[0] + (sum_a + sum_b);
    to[1] = POINT_A * difference_a + POINT_B * difference_b;
    to[2] = A2 * sum_a + B2 * sum_b;
    to[3] = A2 * POINT_A * difference_a + B2 * POINT_B * difference_b + m[5];
}

/* A y */
INLINE void outputs_to_points(const vector y[WINOGRAD_TILE], vector to[WINOGRAD_PATCH])
{
    const vector even_a = y[0] + A2 * y[2], odd_a = POINT_A * (y[1] + A2 * y[3]);
    const vector even_b = y[0] + B2 * y[2], odd_b = POINT_B * (y[1] + B2 * y[3]);

    to[0] = y[0];
    to[1] = even_a + odd_a;
    to[2] = even_a - odd_a;
    to[3] = even_b + odd_b;
    to[4] = even_b - odd_b;
    to[5] = y[3];
}

/* G g */
INLINE void filters_to_points(const vector g[3], vector to[WINOGRAD_PATCH])
{
    const vector even_a = SCALE_A * (g[0] + A2 * g[2]), odd_a = SCALE_A * POINT_A * g[1];
    const vector even_b = SCALE_B * (g[0] + B2 * g[2]), odd_b = SCALE_B * POINT_B * g[1];

    to[0] = SCALE_0 * g[0];
    to[1] = even_a + odd_a;
    to[2] = even_a - odd_a;
    to[3] = even_b + odd_b;
    to[4] = even_b - odd_b;
    to[5] = g[2];
}

/* G^T u */
INLINE void points_to_filters(const vector u[WINOGRAD_PATCH], vector to[3])
{
    const vector sum_a = SCALE_A * (u[1] + u[2]), difference_a = SCALE_A * (u[1] - u[2]);
    const vector sum_b = SCALE_B * (u[3] + u[4]), difference_b = SCALE_B * (u[3] - u[4]);

    to[0] = SCALE_0 * u[0] + (sum_a + sum_b);
    to[1] = POINT_A * difference_a + POINT_B * difference_b;
    to[2] = A2 * sum_a + B2 * sum_b + u[5];
}
