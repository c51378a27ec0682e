/*
 * names.c - the names that other programs give to the tensors of our network.
 *
 * torchvision names a ResNet's tensors as mmdetection does, without "backbone." before them; so do the
 * backbone files that mmdetection starts from. Its detectors are named alike in versions 1, 2 and 3; up to
 * 0.5.3 the head's towers were plain convolutions (`cls_convs.0.weight` for `cls_convs.0.conv.weight`).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/weights.h"

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool ends(const char *name, const char *suffix)
{
    size_t n = strlen(name), n_suffix = strlen(suffix);

    return n >= n_suffix && strcmp(name + n - n_suffix, suffix) == 0;
}

/* ---- one name ---- */

/* DataParallel puts "module." before every name, torch.compile "_orig_mod."; both may, in either order. */
static const char *unwrapped(const char *name)
{
    for (;;) {
        if (begins(name, "module."))
            name += strlen("module.");
        else if (begins(name, "_orig_mod."))
            name += strlen("_orig_mod.");
        else
            return name;
    }
}

static bool is_of_no_use(const char *name)
{
    return ends(name, ".num_batches_tracked") || strcmp(name, "fc.weight") == 0 ||
           strcmp(name, "fc.bias") == 0 || begins(name, "ema_") || begins(name, "data_preprocessor.");
}

static bool is_bare_backbone(const char *name)
{
    static const char *const scopes[] = {"conv1.",  "bn1.",    "gn1.",   "layer1.",
                                         "layer2.", "layer3.", "layer4."};

    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (begins(name, scopes[i]))
            return true;
    return false;
}

/* Where ".conv" is to be put into the name of a tower's plain convolution; 0 for any other name. */
static size_t tower_scope(const char *name)
{
    static const char *const towers[] = {"bbox_head.cls_convs.", "bbox_head.reg_convs."};

    for (size_t i = 0; i < sizeof towers / sizeof towers[0]; i++) {
        const size_t number = strlen(towers[i]);
        size_t n_digits;

        if (!begins(name, towers[i]))
            continue;
        n_digits = strspn(name + number, "0123456789");
        if (strcmp(name + number + n_digits, ".weight") == 0 ||
            strcmp(name + number + n_digits, ".bias") == 0)
            return number + n_digits;
    }
    return 0;
}

static fa_status make_name(const char *raw, char **out)
{
    const char *name = unwrapped(raw);
    const size_t scope = tower_scope(name);

    if (scope > 0)
        return fa_asprintf(out, "%.*s.conv%s", (int)scope, name, name + scope);
    return fa_asprintf(out, "%s%s", is_bare_backbone(name) ? "backbone." : "", name);
}

/* ---- all names of a file ---- */

static void set_name(struct fa_tensor *tensor, char *name)
{
    fa_free((char *)(uintptr_t)tensor->name); /* borrowed in general, the file's own here */
    tensor->name = name;
}

static void free_tensor(struct fa_tensor *tensor)
{
    set_name(tensor, NULL);
    fa_free(tensor->data);
}

static void note_left_out(struct fa_weights_translation *out, const char *name)
{
    size_t length = strlen(out->left_out), room = sizeof out->left_out - length;

    if (strlen(name) + sizeof ", ..." < room)
        snprintf(out->left_out + length, room, "%s%s", length > 0 ? ", " : "", name);
    else if (length > 0 && !ends(out->left_out, ", ..."))
        snprintf(out->left_out + length, room, ", ...");
    out->n_left_out++;
}

static void leave_out(struct fa_weights_file *file, struct fa_weights_translation *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < file->n; i++) {
        if (!is_of_no_use(unwrapped(file->tensors[i].name))) {
            file->tensors[kept++] = file->tensors[i];
            continue;
        }
        note_left_out(out, file->tensors[i].name);
        free_tensor(&file->tensors[i]);
    }
    file->n = kept;
}

static fa_status rename_all(struct fa_weights_file *file, struct fa_weights_translation *out)
{
    for (size_t i = 0; i < file->n; i++) {
        struct fa_tensor *tensor = &file->tensors[i];
        char *name;

        FA_TRY(make_name(tensor->name, &name));
        out->n_renamed += strcmp(name, tensor->name) != 0;
        set_name(tensor, name);
    }
    return FA_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fa_tensor *)a)->name, ((const struct fa_tensor *)b)->name);
}

static fa_status check_unique(const struct fa_weights_file *file)
{
    for (size_t i = 1; i < file->n; i++)
        if (strcmp(file->tensors[i - 1].name, file->tensors[i].name) == 0)
            return fa_fail(FA_EFORMAT,
                           "two tensors are both called %s once prefixes such as module. are removed; "
                           "save one model per file",
                           file->tensors[i].name);
    return FA_OK;
}

fa_status fa_weights_translate(struct fa_weights_file *file, struct fa_weights_translation *out)
{
    fa_status status;

    *out = (struct fa_weights_translation){0};
    leave_out(file, out);
    status = rename_all(file, out);
    if (file->n > 0)
        qsort(file->tensors, file->n, sizeof *file->tensors, by_name);
    return status == FA_OK ? check_unique(file) : status;
}

bool fa_weights_has(const struct fa_weights_file *file, const char *prefix)
{
    for (size_t i = 0; i < file->n; i++)
        if (begins(file->tensors[i].name, prefix))
            return true;
    return false;
}

size_t fa_weights_drop(struct fa_weights_file *file, const char *prefix)
{
    size_t kept = 0, n = file->n;

    for (size_t i = 0; i < n; i++)
        if (begins(file->tensors[i].name, prefix))
            free_tensor(&file->tensors[i]);
        else
            file->tensors[kept++] = file->tensors[i];
    file->n = kept;
    return n - kept;
}
