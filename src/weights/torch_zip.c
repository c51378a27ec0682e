/*
 * torch_zip.c - files of torch.save since PyTorch 1.6: a zip archive with the pickle in <folder>/data.pkl and
 * a record <folder>/data/<key> for each storage.
 */
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/printable.h"
#include "pickle/pickle_globals.h"
#include "torch_state.h"
#include "weights_readers.h"
#include "zip/zip.h"

enum { LONGEST_RECORD_NAME = 2048 };

struct archive {
    struct fa_zip zip;
    struct fa_zip_record *pickle;
    int n_folder; /* characters of the folder, the slash included, with which its name begins */
};

static fa_status find_pickle(struct archive *archive)
{
    for (size_t i = 0; i < archive->zip.n; i++) {
        const char *slash = strchr(archive->zip.records[i].name, '/');

        if (slash == NULL || strcmp(slash, "/data.pkl") != 0)
            continue;
        if (archive->pickle != NULL)
            return fa_fail(FA_EFORMAT, "%s: is a zip archive of more than one file of torch.save",
                           archive->zip.input->path);
        archive->pickle = &archive->zip.records[i];
        archive->n_folder = (int)(slash + 1 - archive->pickle->name);
    }
    if (archive->pickle == NULL)
        return fa_fail(FA_EFORMAT, "%s: is a zip archive without the data.pkl of torch.save",
                       archive->zip.input->path);
    return FA_OK;
}

static struct fa_zip_record *find_record(const struct archive *archive, const char *folder, const char *key)
{
    char name[LONGEST_RECORD_NAME];
    const int n =
        snprintf(name, sizeof name, "%.*s%s%s", archive->n_folder, archive->pickle->name, folder, key);

    return n < (int)sizeof name ? fa_zip_find(&archive->zip, name) : NULL;
}

/* Since PyTorch 2.1 a record says it; before, only little-endian machines wrote files to speak of. */
static fa_status check_byte_order(const struct archive *archive)
{
    struct fa_zip_record *record = find_record(archive, "", "byteorder");
    char order[6];
    uint64_t position;

    if (record == NULL)
        return FA_OK;
    if (record->n_bytes == sizeof order) {
        FA_TRY(fa_zip_locate(&archive->zip, record, &position));
        FA_TRY(
            fa_file_read_at(archive->zip.input->fd, archive->zip.input->path, position, sizeof order, order));
        if (memcmp(order, "little", sizeof order) == 0)
            return FA_OK;
    }
    return fa_fail(FA_EFORMAT, "%s: its numbers are big-endian; save it again on a little-endian machine",
                   archive->zip.input->path);
}

static fa_status locate(void *context, const struct fa_pickle_value *storage, uint64_t *position)
{
    const struct archive *archive = context;
    const char *key = storage->is.storage.key->is.text.bytes;
    struct fa_zip_record *record = find_record(archive, "data/", key);
    char shown[64];
    uint64_t n_bytes;

    FA_TRY(fa_torch_storage_bytes(archive->zip.input, storage, &n_bytes));
    if (record == NULL || record->n_bytes != n_bytes)
        return fa_fail(FA_EFORMAT, "%s: the record of storage %s is %s", archive->zip.input->path,
                       fa_printable(key, strlen(key), shown, sizeof shown),
                       record == NULL ? "not there" : "of another size than its tensors");
    return fa_zip_locate(&archive->zip, record, position);
}

static fa_status read_state(struct archive *archive, struct fa_weights_set *set)
{
    const struct fa_weights_input *input = archive->zip.input;
    struct fa_pickle_source source;
    struct fa_pickle pickle;
    uint64_t position;
    fa_status status;

    FA_TRY(fa_zip_locate(&archive->zip, archive->pickle, &position));
    fa_pickle_source_init(&source, input, position, position + archive->pickle->n_bytes);
    FA_TRY(fa_pickle_read(&source, &pickle));
    status = fa_torch_state_read(
        &(struct fa_torch_file){.input = input, .root = pickle.root, .locate = locate, .context = archive},
        set);
    fa_pickle_free(&pickle);
    return status;
}

static fa_status read_archive(struct archive *archive, struct fa_weights_set *set)
{
    FA_TRY(find_pickle(archive));
    if (find_record(archive, "", "constants.pkl") != NULL)
        return fa_fail(FA_EFORMAT,
                       "%s: is a TorchScript program; save the model's state_dict() with torch.save",
                       archive->zip.input->path);
    FA_TRY(check_byte_order(archive));
    return read_state(archive, set);
}

fa_status fa_weights_read_torch_zip(const struct fa_weights_input *input, struct fa_weights_set *set)
{
    struct archive archive = {.n_folder = 0};
    fa_status status;

    FA_TRY(fa_zip_open(input, &archive.zip));
    status = read_archive(&archive, set);
    fa_zip_close(&archive.zip);
    return status;
}
