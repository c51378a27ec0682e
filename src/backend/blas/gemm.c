#include "gemm.h"

#include <cblas.h>
#include <omp.h>

/* A part's first row or column is a multiple of it, as OpenBLAS's innermost loops like them. */
enum { WHOLE = 16 };

struct range {
    int begin, n;
};

static struct range range_of(int n, int part, int n_parts)
{
    const int begin = (int)((long long)n * part / n_parts) / WHOLE * WHOLE;
    const int end = part + 1 < n_parts ? (int)((long long)n * (part + 1) / n_parts) / WHOLE * WHOLE : n;

    return (struct range){begin, end - begin};
}

static const fa_real *element(const struct fa_matrix *matrix, int group, int row, int column)
{
    const int across = matrix->transposed ? row : column, down = matrix->transposed ? column : row;

    return matrix->data + (size_t)group * matrix->group + (size_t)down * (size_t)matrix->stride +
           (size_t)across;
}

static CBLAS_TRANSPOSE order_of(const struct fa_matrix *matrix)
{
    return matrix->transposed ? CblasTrans : CblasNoTrans;
}

static void multiply(const struct fa_products *p, int group, struct range rows, struct range columns)
{
    if (rows.n == 0 || columns.n == 0)
        return;
#ifdef FA_FLOAT64
    cblas_dgemm
#else
    cblas_sgemm
#endif
        (CblasRowMajor, order_of(&p->a), order_of(&p->b), rows.n, columns.n, p->k, 1,
         element(&p->a, group, rows.begin, 0), p->a.stride, element(&p->b, group, 0, columns.begin),
         p->b.stride, p->beta,
         p->c + (size_t)group * p->c_group + (size_t)rows.begin * (size_t)p->c_stride + columns.begin,
         p->c_stride);
}

/* The longer side of the result is cut: what all parts read is the smaller factor. */
static void multiply_part(const struct fa_products *p, int group, int part, int n_parts)
{
    const struct range all_rows = {0, p->m}, all_columns = {0, p->n};

    if (p->m > p->n)
        multiply(p, group, range_of(p->m, part, n_parts), all_columns);
    else
        multiply(p, group, all_rows, range_of(p->n, part, n_parts));
}

void fa_gemm(const struct fa_products *products, int n_threads)
{
    const int n_parts = products->groups < n_threads ? n_threads : 1;

#pragma omp parallel for num_threads(n_threads) schedule(static) collapse(2)
    for (int group = 0; group < products->groups; group++)
        for (int part = 0; part < n_parts; part++)
            multiply_part(products, group, part, n_parts);
}

/* An OpenBLAS on OpenMP sets OpenMP's number of threads, too. */
void fa_gemm_start(void)
{
    const int n_threads = omp_get_max_threads();

    openblas_set_num_threads(1);
    omp_set_num_threads(n_threads);
}
