/*
 * section_errors.c - what errors cost, as COCO's analysis of errors says it.
 */
#include "section.h"

static const struct level {
    const char *name, *meaning;
} levels[FA_FORGIVENS + 1] = {
    [FA_FORGIVEN_C75] = {"AP75", "boxes must overlap by IoU 0.75 (COCO calls it C75)"},
    [FA_FORGIVEN_C50] = {"AP50", "only by 0.5 (C50)"},
    [FA_FORGIVEN_LOC] = {"place", "only by 0.1: boxes in the wrong place are forgiven (Loc)"},
    [FA_FORGIVEN_OTHER] = {"class", "classes taken for others are forgiven too (Oth)"},
    [FA_FORGIVEN_GROUND] = {"nothing", "and detections of nothing, the background (BG)"},
    [FA_FORGIVENS] = {"missed", "what is left to 1: objects that nothing finds (FN)"},
};

static void put_legend(struct fa_page *page)
{
    fa_page_put(page, "<ul class=legend>");
    for (int f = 0; f <= FA_FORGIVENS; f++)
        fa_page_add(page, "<li><i class=e%d></i>%s, %s</li>", f, levels[f].name, levels[f].meaning);
    fa_page_put(page, "</ul>");
}

static void put_stack(struct fa_page *page, const double ap[FA_FORGIVENS])
{
    double before = 0;

    fa_page_put(page, "<div class=stack>");
    for (int f = 0; f < FA_FORGIVENS; f++) {
        if (ap[f] > before)
            fa_page_add(page, "<i class=e%d style=\"width:%.2f%%\"></i>", f, 100 * (ap[f] - before));
        before = ap[f] > before ? ap[f] : before;
    }
    fa_page_put(page, "</div>");
}

static void put_row(struct fa_page *page, const char *name, bool is_all, double n_objects,
                    const double ap[FA_FORGIVENS])
{
    fa_page_put(page, is_all ? "<tr class=all><td>" : "<tr><td>");
    fa_page_text(page, name);
    fa_page_put(page, "</td><td>");
    fa_page_count(page, n_objects);
    fa_page_put(page, "</td>");
    for (int f = 0; f < FA_FORGIVENS; f++) {
        fa_page_put(page, "<td>");
        fa_page_share(page, ap[f]);
        fa_page_put(page, "</td>");
    }
    fa_page_add(page, "</tr><tr class=under><td colspan=%d>", FA_FORGIVENS + 2);
    put_stack(page, ap);
    fa_page_put(page, "</td></tr>\n");
}

static void begin_table(struct fa_page *page, const char *first)
{
    fa_page_add(page, "<table class=errors><tr><th>%s</th><th>objects</th>", first);
    for (int f = 0; f < FA_FORGIVENS; f++)
        fa_page_add(page, "<th>%s</th>", levels[f].name);
    fa_page_put(page, "</tr>\n");
}

static void put_sizes(struct fa_page *page, const struct fa_found *found)
{
    static const char *const names[FA_SIZES] = {"all", "small, up to 32\xc2\xb2", "medium, up to 96\xc2\xb2",
                                                "large"};
    const struct fa_analysis_class *total = &found->analysis.classes[found->analysis.n_classes];

    fa_page_put(page, "<div><h3>By size of objects, pixels</h3>");
    begin_table(page, "size");
    for (int size = 0; size < FA_SIZES; size++)
        if (total->n_objects[size] > 0)
            put_row(page, names[size], size == FA_SIZE_ALL, (double)total->n_objects[size], total->ap[size]);
    fa_page_put(page, "</table></div>\n");
}

static void put_classes(struct fa_page *page, const struct fa_found *found)
{
    fa_page_put(page, "<div><h3>By class</h3>");
    begin_table(page, "class");
    for (size_t k = 0; k < found->analysis.n_classes; k++) {
        const struct fa_analysis_class *class = &found->analysis.classes[k];

        if (class->n_objects[FA_SIZE_ALL] > 0)
            put_row(page, fa_found_class(found, k), false, (double)class->n_objects[FA_SIZE_ALL],
                    class->ap[FA_SIZE_ALL]);
    }
    fa_page_put(page, "</table></div>\n");
}

void fa_section_errors(struct fa_page *page, const struct fa_found *found)
{
    if (found->dataset == NULL || found->set.input.n_gt == 0)
        return;
    fa_page_put(page,
                "<h2>What errors cost</h2><p class=soft>AP, if errors were forgiven one kind after another: "
                "the longer the step to the next column, the more that kind of error costs. Means over the "
                "classes that have objects. COCO's errors among similar classes (Sim) are part of those "
                "among classes, as the data names no supercategories.</p>");
    put_legend(page);
    fa_page_put(page, "<div class=two>");
    put_sizes(page, found);
    put_classes(page, found);
    fa_page_put(page, "</div>\n");
}
