#include "fa/h5.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "hdf5_room.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Filters of others are code that a file could ask for, and links to other files lead out of it; see check.h.
   The library's own end of the process crashes over a file that a full disk kept it from closing. */
static void prepare_library(void)
{
    H5dont_atexit();
    H5PLset_loading_state(0);
    H5Lunregister(H5L_TYPE_EXTERNAL);
}

void fa_h5_lock(void)
{
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;

    pthread_once(&prepared, prepare_library);
    pthread_mutex_lock(&lock);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* reasons go into our messages; the setting is each thread's */
}

void fa_h5_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

const char *fa_h5_library(void)
{
    static char name[32];
    unsigned major, minor, release;

    fa_h5_lock();
    H5get_libversion(&major, &minor, &release);
    snprintf(name, sizeof name, "HDF5 %u.%u.%u", major, minor, release);
    fa_h5_unlock();
    return name;
}

static herr_t keep_first_reason(unsigned n, const H5E_error2_t *error, void *reason)
{
    if (n == 0 && error->desc != NULL)
        snprintf(reason, 256, "%s", error->desc);
    return 0;
}

/* The library passes the system's reason on as a text. */
static bool tells_of_want_of_room(const char *reason)
{
    char full[128], quota[128];

    return strstr(reason, strerror_r(ENOSPC, full, sizeof full)) != NULL ||
           strstr(reason, strerror_r(EDQUOT, quota, sizeof quota)) != NULL;
}

fa_status fa_h5_fail(fa_status code, const struct fa_h5 *file, const char *name, const char *what)
{
    char reason[256] = "the HDF5 library gives no reason";

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first_reason, reason);
    H5Eclear2(H5E_DEFAULT);
    for (char *end = strchr(reason, '\n'); end != NULL; end = strchr(end, '\n'))
        *end = ' '; /* a message is one line; reasons from the system have two */
    if (code == FA_EIO && tells_of_want_of_room(reason))
        code = FA_EFULL;
    return fa_fail(code, "%s%s%s: %s: %s", file->path, name != NULL ? ": " : "", name != NULL ? name : "",
                   what, reason);
}

hid_t fa_h5_memory_type(enum fa_h5_type type)
{
    switch (type) {
    case FA_H5_U8:
        return H5T_NATIVE_UINT8;
    case FA_H5_I32:
        return H5T_NATIVE_INT32;
    case FA_H5_I64:
        return H5T_NATIVE_INT64;
    case FA_H5_U32:
        return H5T_NATIVE_UINT32;
    case FA_H5_U64:
        return H5T_NATIVE_UINT64;
    case FA_H5_F32:
        return H5T_NATIVE_FLOAT;
    case FA_H5_F64:
        return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}

hid_t fa_h5_stored_type(enum fa_h5_type type)
{
    switch (type) {
    case FA_H5_U8:
        return H5T_STD_U8LE;
    case FA_H5_I32:
        return H5T_STD_I32LE;
    case FA_H5_I64:
        return H5T_STD_I64LE;
    case FA_H5_U32:
        return H5T_STD_U32LE;
    case FA_H5_U64:
        return H5T_STD_U64LE;
    case FA_H5_F32:
        return H5T_IEEE_F32LE;
    case FA_H5_F64:
        return H5T_IEEE_F64LE;
    }
    return H5I_INVALID_HID;
}

size_t fa_h5_type_bytes(enum fa_h5_type type)
{
    return type == FA_H5_U8 ? 1 : type == FA_H5_I32 || type == FA_H5_U32 || type == FA_H5_F32 ? 4 : 8;
}

bool fa_h5_type_of(hid_t id, enum fa_h5_type *type)
{
    size_t n_bytes = H5Tget_size(id);
    H5T_class_t class = H5Tget_class(id);
    bool is_signed = class == H5T_INTEGER && H5Tget_sign(id) == H5T_SGN_2;

    if (class == H5T_FLOAT && (n_bytes == 4 || n_bytes == 8))
        *type = n_bytes == 4 ? FA_H5_F32 : FA_H5_F64;
    else if (class == H5T_INTEGER && n_bytes == 1 && !is_signed)
        *type = FA_H5_U8;
    else if (class == H5T_INTEGER && n_bytes == 4)
        *type = is_signed ? FA_H5_I32 : FA_H5_U32;
    else if (class == H5T_INTEGER && n_bytes == 8)
        *type = is_signed ? FA_H5_I64 : FA_H5_U64;
    else
        return false;
    return true;
}

/* How files are opened. Locking is off: NFS and Lustre often refuse it, and files are never changed once
   they have their name. Closing takes along whatever a failure left open. */
static hid_t access_properties(void)
{
    hid_t id = H5Pcreate(H5P_FILE_ACCESS);

    if (id >= 0 &&
        (H5Pset_file_locking(id, false, true) < 0 || H5Pset_fclose_degree(id, H5F_CLOSE_STRONG) < 0 ||
         H5Pset_libver_bounds(id, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST) < 0)) {
        H5Pclose(id);
        return H5I_INVALID_HID;
    }
    return id;
}

static fa_status make_handle(const char *path, struct fa_h5 **out)
{
    struct fa_h5 *file;
    fa_status status;

    FA_TRY(fa_alloc(1, sizeof *file, &file));
    status = fa_strdup(path, &file->path);
    if (status == FA_OK)
        *out = file;
    else
        fa_free(file);
    return status;
}

static void free_handle(struct fa_h5 *file)
{
    fa_free(file->path);
    fa_free(file);
}

/* Creates or opens what the system finds under name. */
static fa_status begin(struct fa_h5 *file, const char *name, bool create)
{
    fa_status status = FA_OK;
    hid_t access;

    fa_h5_lock();
    access = access_properties();
    if (create)
        file->id = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    else
        file->id = H5Fopen(name, H5F_ACC_RDONLY, access);
    if (file->id < 0)
        status = create ? fa_h5_fail(FA_EIO, file, NULL, "cannot create")
                        : fa_h5_fail(FA_EFORMAT, file, NULL, "not a whole HDF5 file");
    H5Pclose(access);
    fa_h5_unlock();
    return status;
}

static fa_status check_content(const char *path, int fd)
{
    fa_status status = FA_OK;
    struct stat st;

    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        status =
            fa_fail(FA_EFORMAT, "%s: is %s", path, S_ISDIR(st.st_mode) ? "a directory" : "not a plain file");
    if (status == FA_OK)
        status = fa_h5_check_file(path, fd);
    return status;
}

static fa_status make_and_begin(const char *path, const char *name, bool create, struct fa_h5 **out)
{
    struct fa_h5 *file;
    fa_status status;

    FA_TRY(make_handle(path, &file));
    status = begin(file, name, create);
    if (status == FA_OK)
        *out = file;
    else
        free_handle(file);
    return status;
}

fa_status fa_h5_create(const char *path, struct fa_h5 **out)
{
    *out = NULL;
    return make_and_begin(path, path, true, out);
}

/* The library opens files by name alone; this name is that of a file that is open already. */
static fa_status begin_at(const char *path, int fd, bool create, struct fa_h5 **out)
{
    char name[32];

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return make_and_begin(path, name, create, out);
}

fa_status fa_h5_create_in(const struct fa_new_file *file, struct fa_h5 **out)
{
    *out = NULL;
    return begin_at(fa_new_file_path(file), fa_new_file_descriptor(file), true, out);
}

/* What the library reads is the file that was checked, whatever takes its name meanwhile. What the system
   refuses is kept apart from what the file's content is to blame for. */
fa_status fa_h5_open(const char *path, struct fa_h5 **out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would else wait for its writer */
    fa_status status;

    *out = NULL;
    if (fd < 0)
        return fa_fail_errno(fa_open_failure(errno), errno, "%s: cannot open", path);
    status = check_content(path, fd);
    if (status == FA_OK)
        status = begin_at(path, fd, false, out);
    close(fd);
    return status;
}

fa_status fa_h5_close(struct fa_h5 *file)
{
    fa_status status = FA_OK;

    if (file == NULL)
        return FA_OK;
    fa_h5_lock();
    if (H5Fflush(file->id, H5F_SCOPE_LOCAL) < 0)
        status = fa_h5_fail(FA_EIO, file, NULL, "cannot write");
    if (H5Fclose(file->id) < 0 && status == FA_OK)
        status = fa_h5_fail(FA_EIO, file, NULL, "cannot write");
    fa_h5_unlock();
    free_handle(file);
    return status;
}

fa_status fa_h5_finish(struct fa_h5 *file, fa_status status)
{
    char message[FA_MESSAGE_MAX];

    if (status == FA_OK)
        return fa_h5_close(file);
    snprintf(message, sizeof message, "%s", fa_message());
    if (fa_h5_close(file) == FA_OK)
        return status;
    return fa_status_forward(status, message);
}
