/*
 * coco_trim.h - the bulk of an annotation file that nothing here reads: outlines and joints of objects.
 *
 * Nine tenths of a COCO file are polygons, and a parsed number takes ten times the room of its digits. They
 * are blanked in the text, before it is parsed.
 */
#ifndef FA_DATA_COCO_TRIM_H
#define FA_DATA_COCO_TRIM_H

#include <stddef.h>

/* Every list or object that is the value of a key "segmentation" or "keypoints" becomes an empty one, the
   rest of it spaces, so that every other byte, line and column stays where it was. Text that is no JSON stays
   no JSON. */
void fa_coco_trim(char *text, size_t n_bytes);

#endif
