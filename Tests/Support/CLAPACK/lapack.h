#include <cblas.h>

// Two functions of LAPACK, which Debian's OpenBLAS holds but declares in no header. Matrices are
// column-major. Fortran adds the lengths of the texts at the end.

// A = U·diag(s)·Vᵀ, m × n.
void dgesvd_(const char *jobu, const char *jobvt, const blasint *m, const blasint *n, double *a,
             const blasint *lda, double *s, double *u, const blasint *ldu, double *vt,
             const blasint *ldvt, double *work, const blasint *lwork, blasint *info,
             size_t jobu_length, size_t jobvt_length);

// The eigenvalues w, ascending, of a symmetric n × n matrix.
void dsyev_(const char *jobz, const char *uplo, const blasint *n, double *a, const blasint *lda,
            double *w, double *work, const blasint *lwork, blasint *info, size_t jobz_length,
            size_t uplo_length);
