// mpi.h cannot be imported into Swift (its handles are macros); CMPI includes it instead.
