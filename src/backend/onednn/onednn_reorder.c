/*
 * onednn_reorder.c - one copy between two layouts, prepared once and run often.
 */
#include "onednn.h"

static fa_status create_from_desc(struct onednn_reorder *reorder, const_dnnl_primitive_desc_t desc,
                                  onednn_md from, onednn_md to)
{
    static const char what[] = "preparing a reorder of filters";
    const dnnl_engine_t engine = reorder->onednn->engine;
    const onednn_md scratchpad = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);

    FA_TRY(onednn_work_reserve(&reorder->onednn->work, dnnl_memory_desc_get_size(scratchpad)));
    FA_TRY(onednn_check(dnnl_memory_create(&reorder->from, from, engine, DNNL_MEMORY_NONE), what));
    FA_TRY(onednn_check(dnnl_memory_create(&reorder->to, to, engine, DNNL_MEMORY_NONE), what));
    FA_TRY(
        onednn_check(dnnl_memory_create(&reorder->scratchpad, scratchpad, engine, DNNL_MEMORY_NONE), what));
    return onednn_check(dnnl_primitive_create(&reorder->primitive, desc), what);
}

fa_status onednn_reorder_create(struct onednn *onednn, onednn_md from, onednn_md to,
                                struct onednn_reorder *out)
{
    dnnl_primitive_desc_t desc;
    fa_status status;

    *out = (struct onednn_reorder){.onednn = onednn};
    onednn_use_threads(onednn);
    FA_TRY(onednn_check(
        dnnl_reorder_primitive_desc_create(&desc, from, onednn->engine, to, onednn->engine, onednn->plain),
        "choosing a reorder of filters"));
    status = create_from_desc(out, desc, from, to);
    dnnl_primitive_desc_destroy(desc);
    if (status != FA_OK)
        onednn_reorder_destroy(out);
    return status;
}

void onednn_reorder_destroy(struct onednn_reorder *reorder)
{
    if (reorder->primitive != NULL)
        dnnl_primitive_destroy(reorder->primitive);
    if (reorder->from != NULL)
        dnnl_memory_destroy(reorder->from);
    if (reorder->to != NULL)
        dnnl_memory_destroy(reorder->to);
    if (reorder->scratchpad != NULL)
        dnnl_memory_destroy(reorder->scratchpad);
    *reorder = (struct onednn_reorder){0};
}

fa_status onednn_reorder_run(struct onednn_reorder *reorder, const void *from, void *to)
{
    static const char what[] = "reordering filters";
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_FROM, reorder->from},
        {DNNL_ARG_TO, reorder->to},
        {DNNL_ARG_SCRATCHPAD, reorder->scratchpad},
    };

    onednn_use_threads(reorder->onednn);
    FA_TRY(onednn_check(dnnl_memory_set_data_handle(reorder->from, (void *)from), what));
    FA_TRY(onednn_check(dnnl_memory_set_data_handle(reorder->to, to), what));
    FA_TRY(
        onednn_check(dnnl_memory_set_data_handle(reorder->scratchpad, reorder->onednn->work.memory), what));
    FA_TRY(onednn_check(dnnl_primitive_execute(reorder->primitive, reorder->onednn->stream, 3, args), what));
    return onednn_check(dnnl_stream_wait(reorder->onednn->stream), what);
}
