/* pickle_objects.c - instructions that name globals and that would, in Python, call them. */
#include <string.h>

#include "fa/printable.h"
#include "pickle_machine.h"

enum { LONGEST_NAME = 512, LONGEST_KEY = 64 /* PyTorch counts storages, or takes their addresses */ };

static fa_status fail_global(const struct fa_pickle_machine *machine, const char *module, const char *name)
{
    char shown_module[128], shown_name[128];

    return fa_fail(
        FA_EFORMAT,
        "%s: its pickle asks for %s.%s, which no state dict needs; nothing was run; if this is a whole "
        "model, save model.state_dict() instead",
        machine->source->input->path, fa_printable(module, strlen(module), shown_module, sizeof shown_module),
        fa_printable(name, strlen(name), shown_name, sizeof shown_name));
}

static fa_status push_global(struct fa_pickle_machine *machine, const char *module, const char *name)
{
    const struct fa_pickle_global *global = fa_pickle_global_find(module, name);
    struct fa_pickle_value *value;

    if (global == NULL)
        return fail_global(machine, module, name);
    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_GLOBAL, &value));
    value->is.global = global;
    return FA_OK;
}

fa_status fa_pickle_step_global(struct fa_pickle_machine *machine, int is_on_stack)
{
    char module_line[LONGEST_NAME], name_line[LONGEST_NAME];
    struct fa_pickle_value *module, *name;

    if (!is_on_stack) {
        FA_TRY(fa_pickle_line(machine, sizeof module_line, module_line));
        FA_TRY(fa_pickle_line(machine, sizeof name_line, name_line));
        return push_global(machine, module_line, name_line);
    }
    FA_TRY(fa_pickle_pop(machine, &name));
    FA_TRY(fa_pickle_pop(machine, &module));
    if (module->kind != FA_PICKLE_TEXT || name->kind != FA_PICKLE_TEXT)
        return fa_pickle_fail(machine, "a global has no name");
    return push_global(machine, module->is.text.bytes, name->is.text.bytes);
}

static fa_status push_other(struct fa_pickle_machine *machine, const struct fa_pickle_global *what)
{
    struct fa_pickle_value *value;

    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_OTHER, &value));
    value->is.what = what;
    return FA_OK;
}

static fa_status push_tensor(struct fa_pickle_machine *machine, const struct fa_pickle_value *arguments)
{
    struct fa_pickle_value *value;

    if (arguments->is.list.n < 4)
        return fa_pickle_fail(machine, "a tensor has no storage, offset, size and strides");
    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_TENSOR, &value));
    value->is.arguments = arguments;
    return FA_OK;
}

/* In Python 2 the items of an OrderedDict come as its one argument, a list of pairs. */
static fa_status push_dict(struct fa_pickle_machine *machine, const struct fa_pickle_value *arguments)
{
    struct fa_pickle_value *dict;
    const struct fa_pickle_value *pairs;

    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_DICT, &dict));
    if (arguments->is.list.n == 0)
        return FA_OK;
    pairs = arguments->is.list.items[0];
    if (pairs->kind != FA_PICKLE_LIST)
        return fa_pickle_fail(machine, "a dictionary is not made from a list");
    machine->n_steps += pairs->is.list.n;
    for (size_t i = 0; i < pairs->is.list.n; i++) {
        const struct fa_pickle_value *pair = pairs->is.list.items[i];

        if ((pair->kind != FA_PICKLE_LIST && pair->kind != FA_PICKLE_TUPLE) || pair->is.list.n != 2)
            return fa_pickle_fail(machine, "a dictionary is not made from pairs");
        FA_TRY(fa_pickle_append(machine->pickle, dict, pair->is.list.items[0]));
        FA_TRY(fa_pickle_append(machine->pickle, dict, pair->is.list.items[1]));
    }
    return FA_OK;
}

/* A tensor that Python code has attached something to, or a class derived from it. */
static fa_status push_typed(struct fa_pickle_machine *machine, const struct fa_pickle_global *global,
                            const struct fa_pickle_value *arguments)
{
    struct fa_pickle_value **items = arguments->is.list.items;

    if (arguments->is.list.n >= 3 && items[0]->kind == FA_PICKLE_GLOBAL &&
        items[0]->is.global->role == FA_PICKLE_REBUILD_TENSOR && items[2]->kind == FA_PICKLE_TUPLE)
        return push_tensor(machine, items[2]);
    return push_other(machine, global);
}

fa_status fa_pickle_step_reduce(struct fa_pickle_machine *machine, int unused)
{
    struct fa_pickle_value *arguments, *function;

    (void)unused;
    FA_TRY(fa_pickle_pop(machine, &arguments));
    FA_TRY(fa_pickle_pop(machine, &function));
    if (function->kind != FA_PICKLE_GLOBAL || arguments->kind != FA_PICKLE_TUPLE)
        return fa_pickle_fail(machine, "what is called is not a function, or has no arguments");
    switch (function->is.global->role) {
    case FA_PICKLE_REBUILD_TENSOR:
        return push_tensor(machine, arguments);
    case FA_PICKLE_REBUILD_PARAMETER:
        if (arguments->is.list.n == 0)
            return fa_pickle_fail(machine, "a parameter has no tensor");
        return fa_pickle_push(machine, arguments->is.list.items[0]);
    case FA_PICKLE_REBUILD_TYPE:
        return push_typed(machine, function->is.global, arguments);
    case FA_PICKLE_MAKE_DICT:
        return push_dict(machine, arguments);
    default:
        return push_other(machine, function->is.global);
    }
}

fa_status fa_pickle_step_new_object(struct fa_pickle_machine *machine, int n_arguments)
{
    struct fa_pickle_value *class, *arguments, *dict;

    for (int i = 0; i < n_arguments; i++)
        FA_TRY(fa_pickle_pop(machine, &arguments));
    FA_TRY(fa_pickle_pop(machine, &class));
    if (class->kind != FA_PICKLE_GLOBAL)
        return fa_pickle_fail(machine, "an object has no class");
    if (class->is.global->role == FA_PICKLE_MAKE_DICT)
        return fa_pickle_push_new(machine, FA_PICKLE_DICT, &dict);
    return push_other(machine, class->is.global);
}

/* Sets attributes, such as _metadata of an OrderedDict; none is needed. */
fa_status fa_pickle_step_build(struct fa_pickle_machine *machine, int unused)
{
    struct fa_pickle_value *state, *object;

    (void)unused;
    FA_TRY(fa_pickle_pop(machine, &state));
    FA_TRY(fa_pickle_top(machine, &object));
    if (object->kind != FA_PICKLE_DICT && object->kind != FA_PICKLE_OTHER)
        return fa_pickle_fail(machine, "attributes are set of what has none");
    return FA_OK;
}

/* ("storage", type, key, device, elements), and in the older format None, or the view that it is of another.
 */
fa_status fa_pickle_step_persistent_id(struct fa_pickle_machine *machine, int unused)
{
    struct fa_pickle_value *id, *value, **items;

    (void)unused;
    FA_TRY(fa_pickle_pop(machine, &id));
    items = id->is.list.items;
    if (id->kind != FA_PICKLE_TUPLE || id->is.list.n < 5 || !fa_pickle_is_text(items[0], "storage"))
        return fa_pickle_fail(machine,
                              "what is kept outside of it is not a storage; if this is a whole model, save "
                              "model.state_dict() instead");
    if (items[1]->kind != FA_PICKLE_GLOBAL || items[1]->is.global->role != FA_PICKLE_STORAGE_TYPE ||
        items[2]->kind != FA_PICKLE_TEXT || items[2]->is.text.n > LONGEST_KEY ||
        items[4]->kind != FA_PICKLE_INT || items[4]->is.integer < 0)
        return fa_pickle_fail(machine, "a storage has no type, key and number of elements");
    if (id->is.list.n > 5 && items[5]->kind != FA_PICKLE_OTHER)
        return fa_pickle_fail(machine,
                              "a storage is a view of another; save the file again with a newer PyTorch");
    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_STORAGE, &value));
    value->is.storage.type = items[1]->is.global;
    value->is.storage.key = items[2];
    value->is.storage.n_elem = items[4]->is.integer;
    value->is.storage.next = machine->pickle->storages;
    machine->pickle->storages = value;
    return FA_OK;
}
