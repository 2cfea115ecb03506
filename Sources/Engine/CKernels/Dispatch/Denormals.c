#include "Denormals.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

void ck_flush_denormals(void) {
  const unsigned flushToZero = 1u << 15, denormalsAreZero = 1u << 6;
  _mm_setcsr(_mm_getcsr() | flushToZero | denormalsAreZero);
}
#else
void ck_flush_denormals(void) {}
#endif
