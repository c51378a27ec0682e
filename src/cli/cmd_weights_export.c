/*
 * cmd_weights_export.c - freeanchor weights export: weights of ours as other programs read them, in
 * mmdetection's names.
 */
#include <stdio.h>
#include <string.h>

#include "cmd_weights.h"
#include "fa/model_weights.h"
#include "recipe.h"

static fa_status write_file(const char *path, const struct fa_weights_file *file)
{
    const struct fa_weights_meta *meta = file->has_meta ? &file->meta : NULL;

    if (strcmp(strrchr(path, '.'), ".safetensors") == 0)
        return fa_safetensors_write(path, file->tensors, file->n, meta);
    return fa_weights_write(path, file->tensors, file->n, meta);
}

fa_status fa_weights_export(struct fa_invocation *invocation, const char *const *paths)
{
    static const char *const suffixes[] = {".safetensors", ".h5", NULL};
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    struct fa_architecture architecture;
    struct fa_weights_file *file;
    struct fa_json *recipe = NULL;
    fa_status status;

    FA_TRY(fa_weights_check_out(invocation, paths[0], suffixes));
    FA_TRY(fa_model_weights_read(paths[0], &file, NULL));
    status = fa_weights_fit(invocation, paths[0], file, &architecture);
    if (status == FA_OK)
        status = fa_prefix(fa_recipe_shorten(&file->meta.recipe, &recipe), "%s", paths[0]);
    fa_json_free(recipe);
    if (status == FA_OK)
        status = write_file(out, file);
    if (status == FA_OK)
        printf("wrote %s\n", out);
    fa_weights_free(file);
    return status;
}
