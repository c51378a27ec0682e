#include <stdio.h>

#include "fa/h5.h"
#include "fa/memory.h"
#include "replay_private.h"

static fa_status write_part(struct fa_h5 *file, const char *label, double value)
{
    char name[64];

    snprintf(name, sizeof name, "loss/%s", label);
    return fa_h5_write(file, name, FA_H5_F64, 0, NULL, &value);
}

static fa_status write_loss(struct fa_h5 *file, const struct fa_replay *r)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        FA_TRY(write_part(file, fa_loss_part_label(r->config->loss.kind, i), r->loss.part[i]));
    return FA_OK;
}

/* The head's outputs, and the gradient by them. */
static fa_status write_head(struct fa_h5 *file, const struct fa_replay *r)
{
    const int64_t cls[2] = {(int64_t)r->head.n_anchors, r->head.num_classes};
    const int64_t reg[2] = {(int64_t)r->head.n_anchors, 4};

    FA_TRY(fa_h5_write(file, "head/cls", FA_H5_F32, 2, cls, r->head.cls));
    FA_TRY(fa_h5_write(file, "head/reg", FA_H5_F32, 2, reg, r->head.reg));
    FA_TRY(fa_h5_write(file, "grad_head/cls", FA_H5_F32, 2, cls, r->grad_cls));
    return fa_h5_write(file, "grad_head/reg", FA_H5_F32, 2, reg, r->grad_reg);
}

static fa_status write_gradient(struct fa_h5 *file, const fa_real *grad, const struct fa_param *param)
{
    char *name;
    fa_status status;

    FA_TRY(fa_asprintf(&name, "grad/%s", param->name));
    status = fa_h5_write(file, name, FA_H5_F32, param->n_dims, param->dims, grad + param->offset);
    fa_free(name);
    return status;
}

static fa_status write_gradients(struct fa_h5 *file, const struct fa_params *params)
{
    fa_status status = FA_OK;
    fa_real *grad;

    if (params == NULL)
        return FA_OK;
    FA_TRY(fa_flat_open(params->grad, FA_FLAT_READ, &grad));
    for (size_t i = 0; i < params->n && status == FA_OK; i++)
        if (params->entry[i].kind == FA_PARAM_TRAINABLE)
            status = write_gradient(file, grad, &params->entry[i]);
    return fa_flat_finish(params->grad, status);
}

static void fill_row(const struct fa_detection *detection, float row[6])
{
    row[0] = (float)detection->label;
    row[1] = detection->score;
    for (int k = 0; k < 4; k++)
        row[2 + k] = detection->box[k];
}

static fa_status write_detections(struct fa_h5 *file, const struct fa_replay *r)
{
    const int64_t dims[2] = {(int64_t)r->n_detections, 6};
    float(*rows)[6];
    fa_status status;

    FA_TRY(fa_alloc(r->n_detections, sizeof *rows, &rows));
    for (size_t i = 0; i < r->n_detections; i++)
        fill_row(&r->detections[i], rows[i]);
    status = fa_h5_write(file, "detections", FA_H5_F32, 2, dims, rows);
    fa_free(rows);
    return status;
}

static fa_status write_replay(void *context, struct fa_h5 *file)
{
    const struct fa_replay *r = context;

    FA_TRY(write_loss(file, r));
    FA_TRY(write_head(file, r));
    FA_TRY(write_gradients(file, r->params));
    return write_detections(file, r);
}

fa_status fa_replay_write(const char *path, struct fa_replay *replay)
{
    return fa_h5_save(path, write_replay, replay);
}
