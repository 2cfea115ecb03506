#ifndef CKERNELS_DENORMALS_H
#define CKERNELS_DENORMALS_H

/// Makes this thread read denormal floats as zero, and write zero for them.
void ck_flush_denormals(void);

#endif
