#include <stdarg.h>
#include <stdio.h>

#include "doctor.h"

static const char *const verdicts[] = {
    [FA_VERDICT_OK] = "ok", [FA_VERDICT_NOTE] = "note", [FA_VERDICT_PROBLEM] = "problem"};

static void report(struct fa_doctor *doctor, const char *verdict, const char *topic, const char *text)
{
    struct fa_json *finding = fa_json_new_object();

    if (finding == NULL)
        return;
    fa_json_set(finding, "verdict", fa_json_new_string(verdict));
    fa_json_set(finding, "topic", fa_json_new_string(topic));
    fa_json_set(finding, "text", fa_json_new_string(text));
    fa_json_append(doctor->findings, finding);
}

void fa_doctor_find(struct fa_doctor *doctor, enum fa_verdict verdict, const char *topic, const char *format,
                    ...)
{
    char text[FA_DOCTOR_TEXT];
    va_list arguments;

    if (!fa_invocation_speaks(doctor->invocation))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    doctor->n_problems += verdict == FA_VERDICT_PROBLEM;
    doctor->n_notes += verdict == FA_VERDICT_NOTE;
    printf("%-8s %-11s %s\n", verdicts[verdict], topic, text);
    fflush(stdout); /* where a later check hangs, the last line says which did not */
    report(doctor, verdicts[verdict], topic, text);
}
