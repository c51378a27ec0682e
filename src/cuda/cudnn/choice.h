/*
 * choice.h - which engine of cuDNN computes a graph, and its knobs: plain data, and a word for people and
 * files, "eng41_k2=8_k27=1", as cuDNN's own tools write it.
 */
#ifndef FA_CUDA_CUDNN_CHOICE_H
#define FA_CUDA_CUDNN_CHOICE_H

#include <stdint.h>

#include "fa/status.h"

enum { FA_CUDNN_MOST_KNOBS = 24, FA_CUDNN_CHOICE_TEXT_MAX = 320 };

struct fa_cudnn_choice {
    int64_t engine;
    int n_knobs;
    struct {
        int type;
        int64_t value;
    } knob[FA_CUDNN_MOST_KNOBS];
};

void fa_cudnn_choice_print(const struct fa_cudnn_choice *choice, char text[FA_CUDNN_CHOICE_TEXT_MAX]);

/* FA_EFORMAT unless print would write this very text. */
fa_status fa_cudnn_choice_parse(const char *text, struct fa_cudnn_choice *choice) FA_CHECK_RESULT;

#endif
