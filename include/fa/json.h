/*
 * json.h - JSON values: read, look up, build, write. The only user of cJSON is behind it.
 *
 * A value is borrowed from its tree; the tree is freed at its root. Look-ups take NULL and give NULL, so
 * chains need no checks. Not thread safe on one tree; distinct trees are
 * independent.
 */
#ifndef FA_JSON_H
#define FA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_json; /* opaque; in truth a cJSON node */

/* Parses a whole file, one of that name in a directory, or a text of n_bytes. On a syntax error the message
   has name, line and column, or says that the text ends early. Nesting deeper than 64 and duplicate keys
   within one object are errors; text that is not UTF-8 (UTF-16, gzip) is told as what it is. */
fa_status fa_json_read_file(const char *path, struct fa_json **out) FA_CHECK_RESULT;
fa_status fa_json_read_in(const char *directory, const char *name, struct fa_json **out) FA_CHECK_RESULT;
fa_status fa_json_parse(const char *name, const char *text, size_t n_bytes,
                        struct fa_json **out) FA_CHECK_RESULT;

/* The same of a file that people write: from # or // to the end of a line, outside of strings, it is a
 * comment.
 */
fa_status fa_json_read_commented(const char *path, struct fa_json **out) FA_CHECK_RESULT;
void fa_json_free(struct fa_json *root);

enum fa_json_kind {
    FA_JSON_NULL,
    FA_JSON_BOOL,
    FA_JSON_NUMBER,
    FA_JSON_STRING,
    FA_JSON_ARRAY,
    FA_JSON_OBJECT
};
enum fa_json_kind fa_json_kind(const struct fa_json *value); /* NULL: FA_JSON_NULL */

/* Member of an object by exact name; NULL if absent or value is no object. */
struct fa_json *fa_json_get(const struct fa_json *value, const char *key);

/* Children of an array or object in order: for (c = fa_json_first(v); c; c = fa_json_next(c)). O(1) each. */
struct fa_json *fa_json_first(const struct fa_json *value);
struct fa_json *fa_json_next(const struct fa_json *child);
const char *fa_json_key(const struct fa_json *child); /* of an object's member; NULL for array items */
size_t fa_json_count(const struct fa_json *value);

/* false, and *out untouched, if the value is absent or of another kind. to_int also refuses fractions and
   what does not fit 2^53, to_double what is not finite ("1e999"). to_int64 is for ids: whatever is written as
   a whole number and fits is read to the last digit. A string is borrowed from the tree. */
bool fa_json_to_bool(const struct fa_json *value, bool *out);
bool fa_json_to_int(const struct fa_json *value, int64_t *out);
bool fa_json_to_int64(const struct fa_json *value, int64_t *out);
bool fa_json_to_double(const struct fa_json *value, double *out);
bool fa_json_to_string(const struct fa_json *value, const char **out);

/* Builders; a NULL result means that memory is exhausted. Adding to a container transfers ownership; an add
   with a NULL child, or that fails, frees the child and returns false. */
struct fa_json *fa_json_new_object(void);
struct fa_json *fa_json_new_array(void);
struct fa_json *fa_json_new_bool(bool value);
struct fa_json *fa_json_new_number(double value); /* non-finite becomes null */
struct fa_json *fa_json_new_string(const char *value);
struct fa_json *fa_json_copy(const struct fa_json *value);
bool fa_json_set(struct fa_json *object, const char *key,
                 struct fa_json *child); /* replaces an old member in place */
bool fa_json_append(struct fa_json *array, struct fa_json *child);

/* Text of the tree, one line or indented; numbers with enough digits to read back equal, U+FFFD for bytes
   that are no UTF-8. Free with fa_free. */
fa_status fa_json_print(const struct fa_json *root, bool indented, char **out) FA_CHECK_RESULT;

/* The text in a file that is whole or as it was before (fa_file_write_atomic). */
fa_status fa_json_save(const char *path, const struct fa_json *root, bool indented) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
