#ifndef CKERNELS_DENORMALS_H
#define CKERNELS_DENORMALS_H

/// From now on this thread takes denormal floats as zero and makes none.
void ck_flush_denormals(void);

#endif
