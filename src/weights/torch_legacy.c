/*
 * torch_legacy.c - files of torch.save before PyTorch 1.6, in which most published models are: five pickles
 * one after another (magic number, protocol, facts about the system, the state, the keys of the storages),
 * then for each key a count of elements and the elements.
 */
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/printable.h"
#include "pickle/pickle_globals.h"
#include "torch_state.h"
#include "weights_readers.h"

enum { PROTOCOL = 1001 };

/* A storage that the state names, and where the file has it. */
struct place {
    const struct fa_pickle_value *storage;
    uint64_t position; /* 0: not met yet */
};

struct legacy {
    const struct fa_weights_input *input;
    struct fa_pickle_source *source;
    struct fa_pickle state;
    size_t n;
    struct place *places; /* sorted by key, one a key */
};

static fa_status fail(const struct legacy *legacy, const char *what)
{
    return fa_fail(FA_EFORMAT, "%s: %s", legacy->input->path, what);
}

static bool is_magic(const struct fa_pickle_value *value)
{
    static const char magic[] = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"; /* 0x1950a86a20f9469cfc6c */

    return value->kind == FA_PICKLE_BIG_INT && value->is.text.n == 10 &&
           memcmp(value->is.text.bytes, magic, 10) == 0;
}

static bool is_protocol(const struct fa_pickle_value *value)
{
    return value->kind == FA_PICKLE_INT && value->is.integer == PROTOCOL;
}

static bool is_little_endian(const struct fa_pickle_value *value)
{
    const struct fa_pickle_value *truth = fa_pickle_get(value, "little_endian");

    return truth != NULL && truth->kind == FA_PICKLE_BOOL && truth->is.truth;
}

/* The next pickle must be one of which is_right is true. */
static fa_status expect(struct legacy *legacy, bool (*is_right)(const struct fa_pickle_value *value),
                        const char *otherwise)
{
    struct fa_pickle pickle;
    bool right;

    FA_TRY(fa_pickle_read(legacy->source, &pickle));
    right = is_right(pickle.root);
    fa_pickle_free(&pickle);
    return right ? FA_OK : fail(legacy, otherwise);
}

static int compare_keys(const struct fa_pickle_value *a, const struct fa_pickle_value *b)
{
    return strcmp(a->is.text.bytes, b->is.text.bytes);
}

static int compare_places(const void *a, const void *b)
{
    return compare_keys(((const struct place *)a)->storage->is.storage.key,
                        ((const struct place *)b)->storage->is.storage.key);
}

/* Every storage of the state once; those of one key must be of one type and size. */
static fa_status list_storages(struct legacy *legacy)
{
    size_t n = 0;

    for (const struct fa_pickle_value *s = legacy->state.storages; s != NULL; s = s->is.storage.next)
        n++;
    FA_TRY(fa_alloc_zero(n, sizeof *legacy->places, &legacy->places));
    n = 0;
    for (const struct fa_pickle_value *s = legacy->state.storages; s != NULL; s = s->is.storage.next)
        legacy->places[n++].storage = s;
    if (n > 1)
        qsort(legacy->places, n, sizeof *legacy->places, compare_places);
    for (size_t i = 0; i < n; i++) {
        struct place *last = legacy->n > 0 ? &legacy->places[legacy->n - 1] : NULL;

        if (last == NULL || compare_places(last, &legacy->places[i]) != 0)
            legacy->places[legacy->n++] = legacy->places[i];
        else if (last->storage->is.storage.type != legacy->places[i].storage->is.storage.type ||
                 last->storage->is.storage.n_elem != legacy->places[i].storage->is.storage.n_elem)
            return fail(legacy, "two tensors disagree about one storage");
    }
    return FA_OK;
}

static int compare_key_with_place(const void *key, const void *place)
{
    return compare_keys(key, ((const struct place *)place)->storage->is.storage.key);
}

static struct place *find_place(const struct legacy *legacy, const struct fa_pickle_value *key)
{
    if (legacy->n == 0)
        return NULL;
    return bsearch(key, legacy->places, legacy->n, sizeof *legacy->places, compare_key_with_place);
}

/* The storage of a key: a count, and as many elements. */
static fa_status walk_storage(struct legacy *legacy, const struct fa_pickle_value *key)
{
    struct place *place = key->kind == FA_PICKLE_TEXT ? find_place(legacy, key) : NULL;
    uint64_t n_bytes;
    int64_t n_elem;

    if (place == NULL || place->position != 0)
        return fail(legacy, "its list of storages has one that no tensor has, or one twice");
    FA_TRY(fa_pickle_source_read(legacy->source, sizeof n_elem, &n_elem));
    if (n_elem != place->storage->is.storage.n_elem)
        return fail(legacy, "a storage has another number of elements than its tensors say");
    FA_TRY(fa_torch_storage_bytes(legacy->input, place->storage, &n_bytes));
    FA_TRY(fa_pickle_source_check(legacy->source, n_bytes));
    place->position = legacy->source->position;
    fa_pickle_source_skip(legacy->source, n_bytes);
    return FA_OK;
}

static fa_status walk_storages(struct legacy *legacy)
{
    struct fa_pickle keys;
    fa_status status = FA_OK;

    FA_TRY(fa_pickle_read(legacy->source, &keys));
    if (keys.root->kind != FA_PICKLE_LIST)
        status = fail(legacy, "has no list of its storages");
    for (size_t i = 0; status == FA_OK && i < keys.root->is.list.n; i++)
        status = walk_storage(legacy, keys.root->is.list.items[i]);
    fa_pickle_free(&keys);
    return status;
}

static fa_status locate(void *context, const struct fa_pickle_value *storage, uint64_t *position)
{
    const struct legacy *legacy = context;
    const struct place *place = find_place(legacy, storage->is.storage.key);

    if (place == NULL || place->position == 0)
        return fail(legacy, "its list of storages lacks one");
    *position = place->position;
    return FA_OK;
}

static fa_status read_all(struct legacy *legacy, struct fa_weights_set *set)
{
    FA_TRY(expect(legacy, is_magic, "is a pickle, but not one of torch.save"));
    FA_TRY(expect(legacy, is_protocol, "is of a version of torch.save that is not known here"));
    FA_TRY(expect(legacy, is_little_endian,
                  "its numbers are big-endian; save it again on a little-endian machine"));
    FA_TRY(fa_pickle_read(legacy->source, &legacy->state));
    FA_TRY(list_storages(legacy));
    FA_TRY(walk_storages(legacy));
    return fa_torch_state_read(
        &(struct fa_torch_file){
            .input = legacy->input, .root = legacy->state.root, .locate = locate, .context = legacy},
        set);
}

fa_status fa_weights_read_torch_legacy(const struct fa_weights_input *input, struct fa_weights_set *set)
{
    struct fa_pickle_source source;
    struct legacy legacy = {.input = input, .source = &source};
    fa_status status;

    fa_pickle_source_init(&source, input, 0, input->n_bytes);
    status = read_all(&legacy, set);
    fa_free(legacy.places);
    fa_pickle_free(&legacy.state);
    return status;
}
