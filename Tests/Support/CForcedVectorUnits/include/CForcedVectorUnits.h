#ifndef CFORCEDVECTORUNITS_H
#define CFORCEDVECTORUNITS_H

// Has kernels use the vector units that the environment variable LCNN_VECTOR_UNITS names, from the
// start of any process that this is linked into: a test bundle has no `main` of its own to do it
// in. A name that there is not, or that the CPU lacks, ends the process with exit code 64.

#endif
