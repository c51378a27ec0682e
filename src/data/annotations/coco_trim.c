#include "coco_trim.h"

#include <stdbool.h>
#include <string.h>

/* Text not yet passed. */
struct cursor {
    char *at, *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r' || *cursor->at == '\n'))
        cursor->at++;
}

/* From behind the opening quote to behind the closing one; to the end if there is none. */
static void skip_string(struct cursor *cursor)
{
    for (; cursor->at < cursor->end; cursor->at++) {
        if (*cursor->at == '"') {
            cursor->at++;
            return;
        }
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end)
            cursor->at++;
    }
}

static bool is_unread(const char *key, size_t length)
{
    static const char *const unread[] = {"segmentation\"", "keypoints\""};

    for (size_t i = 0; i < sizeof unread / sizeof unread[0]; i++)
        if (length == strlen(unread[i]) && memcmp(key, unread[i], length) == 0)
            return true;
    return false;
}

/* The bracket that closes the one at the cursor, which moves behind it; NULL if there is none. */
static char *skip_value(struct cursor *cursor)
{
    int depth = 0;

    while (cursor->at < cursor->end) {
        const char c = *cursor->at++;

        if (c == '"')
            skip_string(cursor);
        else if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && --depth == 0)
            return cursor->at - 1;
    }
    return NULL;
}

/* Empties the list or object behind a key, which the cursor has just passed. */
static void trim_value(struct cursor *cursor)
{
    char *open, *close;

    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != ':')
        return;
    cursor->at++;
    skip_space(cursor);
    if (cursor->at == cursor->end || (*cursor->at != '[' && *cursor->at != '{'))
        return;
    open = cursor->at;
    close = skip_value(cursor);
    for (char *c = open + 1; close != NULL && c < close; c++)
        if (*c != '\n')
            *c = ' ';
}

void fa_coco_trim(char *text, size_t n_bytes)
{
    struct cursor cursor = {text, text + n_bytes};

    while ((cursor.at = memchr(cursor.at, '"', (size_t)(cursor.end - cursor.at))) != NULL) {
        const char *key = ++cursor.at;

        skip_string(&cursor);
        if (is_unread(key, (size_t)(cursor.at - key)))
            trim_value(&cursor);
    }
}
