# MPI as CMake finds it (MPI_HOME, or MPI_C_COMPILER, names one of several), and in FA_MPIRUN how tests start ranks: unbound, and more
# than there are cores, which MPICH does unasked. Scripts have launch/mpi.sh for that.

if(MPI_C_COMPILER MATCHES "mpicc([.][a-z]+)$")  # as Debian tells several apart; CMake would take the launcher of another
  find_program(MPIEXEC_EXECUTABLE mpiexec${CMAKE_MATCH_1})
endif()
find_package(MPI REQUIRED COMPONENTS C)

execute_process(COMMAND ${MPIEXEC_EXECUTABLE} --version OUTPUT_VARIABLE launcher ERROR_QUIET)
set(FA_MPIRUN ${MPIEXEC_EXECUTABLE})
if(launcher MATCHES "Open MPI|OpenRTE|PRRTE")
  list(APPEND FA_MPIRUN --oversubscribe --bind-to none)
else()
  # MPICH's MPI_STATUSES_IGNORE is the address 1, where gcc sees no room for a status
  target_compile_options(MPI::MPI_C INTERFACE $<$<C_COMPILER_ID:GNU>:-Wno-stringop-overflow>)
endif()
list(APPEND FA_MPIRUN -n)
