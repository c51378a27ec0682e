/*
 * name_hash.h - the hash in the names of published files, "resnet50-0676ba61.pth": the first eight digits of
 * the SHA-256 of their content, as torch.hub and mmdetection write it. The older format of torch.save has no
 * checksum besides.
 */
#ifndef FA_NAME_HASH_H
#define FA_NAME_HASH_H

#include "weights_set.h"

/* FA_EFORMAT if the file's name says a hash and its content has another. Eight decimal digits are rather a
   date or a count, "run-20240115.pth", and are not taken for a hash. */
fa_status fa_name_hash_check(const struct fa_weights_input *input) FA_CHECK_RESULT;

#endif
