/*
 * coco_fault.h - what cannot be used of an annotation file, line by line.
 */
#ifndef FA_DATA_COCO_FAULT_H
#define FA_DATA_COCO_FAULT_H

#include "fa/coco.h"
#include "fa/status.h"

/* Keeps the message of a failure as a fault, if it is one of the file (FA_EFORMAT); else fails with it. */
fa_status fa_coco_keep_fault(struct fa_coco *coco, fa_status status) FA_CHECK_RESULT;

#endif
