# MPI as CMake finds it (MPI_HOME, or MPI_C_COMPILER, names one of several), and in FA_MPIRUN how tests start ranks: unbound, and more
# than there are cores, which MPICH does unasked. Scripts have launch/mpi.sh for that.

find_package(MPI REQUIRED COMPONENTS C)

execute_process(COMMAND ${MPIEXEC_EXECUTABLE} --version OUTPUT_VARIABLE launcher ERROR_QUIET)
set(FA_MPIRUN ${MPIEXEC_EXECUTABLE})
if(launcher MATCHES "Open MPI|OpenRTE|PRRTE")
  list(APPEND FA_MPIRUN --oversubscribe --bind-to none)
endif()
list(APPEND FA_MPIRUN -n)
