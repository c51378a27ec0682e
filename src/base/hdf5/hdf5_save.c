#include "fa/h5.h"

static fa_status write_whole(const struct fa_new_file *target, fa_h5_write_fn write, void *context)
{
    struct fa_h5 *file;

    FA_TRY(fa_h5_create_in(target, &file));
    return fa_h5_finish(file, write(context, file));
}

fa_status fa_h5_save(const char *path, fa_h5_write_fn write, void *context)
{
    struct fa_new_file *target;

    FA_TRY(fa_new_file_open(path, &target));
    return fa_new_file_finish(target, write_whole(target, write, context));
}
