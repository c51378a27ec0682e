/*
 * xml.h - a whole XML file as a tree that is only read. The only user of expat is behind it.
 *
 * An element is borrowed from its tree; the tree is freed at its root. Look-ups take NULL and give NULL, so
 * chains need no checks. Text is UTF-8. Distinct trees are independent of each other.
 */
#ifndef FA_XML_H
#define FA_XML_H

#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_xml; /* an element */

/* FA_EFORMAT, with name, line and column, for what is not well-formed, is nested deeper than 64, or declares
   a document type, with whose entities a small file grows large. Without expat in this build every file is.
 */
fa_status fa_xml_parse(const char *name, const char *text, size_t n_bytes,
                       struct fa_xml **root) FA_CHECK_RESULT;
void fa_xml_free(struct fa_xml *root); /* NULL is fine */

const char *fa_xml_name(const struct fa_xml *element); /* "bndbox" */

/* What stands in it outside of its children, without white space at both ends; "" if nothing does. */
const char *fa_xml_text(const struct fa_xml *element);
const char *fa_xml_attribute(const struct fa_xml *element,
                             const char *key); /* NULL if it has none so called */

/* The first child, and the next sibling; of that name, unless it is NULL. */
const struct fa_xml *fa_xml_child(const struct fa_xml *element, const char *name);
const struct fa_xml *fa_xml_next(const struct fa_xml *element, const char *name);

FA_END_DECLARATIONS

#endif
