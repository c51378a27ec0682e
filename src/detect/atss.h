/*
 * atss.h - RetinaNet's loss with anchors assigned by ATSS (doc/method.md 5.1); see fa_loss_share and
 * fa_loss_compute, whose arguments these are, those of the latter with objects that were checked.
 */
#ifndef FA_DETECT_ATSS_H
#define FA_DETECT_ATSS_H

#include "fa/loss.h"

fa_status fa_atss_share(const struct fa_loss_config *config, const struct fa_head_view *head,
                        const struct fa_objects *objects, struct fa_loss_workspace *workspace,
                        double *share) FA_CHECK_RESULT;

fa_status fa_atss_loss(const struct fa_loss_config *config, const struct fa_head_view *head,
                       const struct fa_objects *objects, double normalizer,
                       struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                       fa_real *grad_reg) FA_CHECK_RESULT;

#endif
