/*
 * cmd_doctor.c - freeanchor doctor: whether the ranks of a job and the hosts they run on will train well. A
 * new check is a file in doctor/ and a line here.
 */
#include <stdio.h>

#include "doctor/doctor.h"
#include "fa/memory.h"

static const struct fa_flag flags[] = {
    {"--work-dir", "W", "also look at this directory: shared by all hosts, locks, room, speed", false}, {0}};

static const char details[] =
    "\n"
    "Start it as you start training, for instance mpirun --hostfile HOSTS freeanchor doctor --work-dir W. "
    "Each\n"
    "line is a finding: ok, a note (training works, but ...), or a problem with what to do. Exit code 0: no\n"
    "problem; 1: some. --json has the findings and the numbers measured.";

static fa_status (*const checks[])(struct fa_doctor *doctor) = {
    fa_doctor_check_programs,  fa_doctor_check_gpus, fa_doctor_check_hosts, fa_doctor_check_network,
    fa_doctor_check_reduction, fa_doctor_check_disk, fa_doctor_check_clocks};

/* Every rank comes to the same verdict. */
static fa_status conclude(struct fa_doctor *doctor)
{
    struct fa_invocation *invocation = doctor->invocation;

    fa_comm_broadcast(doctor->comm, &doctor->n_problems, sizeof doctor->n_problems, 0);
    fa_report_number(invocation, "problems", doctor->n_problems);
    fa_report_number(invocation, "notes", doctor->n_notes);
    if (doctor->n_problems == 0)
        return FA_OK;
    return fa_fail(FA_EIO, "%d problem%s found", doctor->n_problems, doctor->n_problems == 1 ? "" : "s");
}

static fa_status examine(struct fa_doctor *doctor)
{
    FA_TRY(fa_comm_agree(doctor->comm, fa_doctor_describe(doctor)));
    FA_TRY(fa_doctor_collect(doctor));
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        FA_TRY(checks[i](doctor));
    return conclude(doctor);
}

/* The findings belong to the report from here on. */
static fa_status begin_findings(struct fa_doctor *doctor)
{
    doctor->findings = fa_json_new_array();
    if (!fa_json_set(doctor->invocation->report, "findings", doctor->findings))
        return fa_fail(FA_ENOMEM, "memory is exhausted");
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_doctor doctor = {.invocation = invocation,
                               .comm = invocation->comm,
                               .work_dir = fa_arguments_get(&invocation->arguments, "--work-dir")};
    fa_status status;

    FA_TRY(fa_invocation_no_operands(invocation));
    status = fa_comm_agree(invocation->comm, begin_findings(&doctor));
    if (status == FA_OK)
        status = examine(&doctor);
    fa_free(doctor.rank);
    return status;
}

const struct fa_command fa_command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "whether the hosts of a job are fit to train: programs, GPUs, cores, network, disk",
    .details = details,
    .flags = flags,
    .parallel = true,
    .run = run};
