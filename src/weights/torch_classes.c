#include "torch_classes.h"

#include "class_names.h"
#include "fa/memory.h"
#include "fa/printable.h"

static const struct fa_pickle_value *find_classes(const struct fa_pickle_value *root)
{
    const struct fa_pickle_value *meta = fa_pickle_get(root, "meta");
    const struct fa_pickle_value *dataset = fa_pickle_get(meta, "dataset_meta");
    const struct fa_pickle_value *const places[] = {
        fa_pickle_get(meta, "CLASSES"), fa_pickle_get(dataset, "classes"), fa_pickle_get(dataset, "CLASSES")};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i] != NULL && (places[i]->kind == FA_PICKLE_TUPLE || places[i]->kind == FA_PICKLE_LIST))
            return places[i];
    return NULL;
}

static bool is_name(const struct fa_pickle_value *value)
{
    return value->kind == FA_PICKLE_TEXT && fa_is_printable(value->is.text.bytes, value->is.text.n);
}

fa_status fa_torch_classes_read(const struct fa_pickle_value *root, struct fa_weights_meta *meta)
{
    const struct fa_pickle_value *classes = find_classes(root);
    const char **names;
    fa_status status;

    if (classes == NULL || classes->is.list.n == 0)
        return FA_OK;
    for (size_t i = 0; i < classes->is.list.n; i++)
        if (!is_name(classes->is.list.items[i]))
            return FA_OK;
    FA_TRY(fa_alloc(classes->is.list.n, sizeof *names, &names));
    for (size_t i = 0; i < classes->is.list.n; i++)
        names[i] = classes->is.list.items[i]->is.text.bytes;
    status = fa_class_names_copy(classes->is.list.n, names, meta);
    fa_free(names);
    return status;
}
