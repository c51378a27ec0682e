/*
 * class_table.h - the AP of each class for people: all of a few, the best and the worst of many.
 */
#ifndef FA_CLASS_TABLE_H
#define FA_CLASS_TABLE_H

#include <stddef.h>

#include "fa/status.h"

enum {
    FA_CLASS_TABLE_ALL = 20, /* classes that are told one by one */
    FA_CLASS_TABLE_ENDS = 5  /* of the best, and of the worst, of more than these */
};

/* Logs it by lines "class_AP: cat 0.4123, dog 0.3871"; ap is -1 where a class has no ground truth. Memory
   that runs out is a failure. */
fa_status fa_class_table_tell(char *const *titles, const double *ap, size_t n) FA_CHECK_RESULT;

#endif
