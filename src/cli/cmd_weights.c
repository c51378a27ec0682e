/*
 * cmd_weights.c - freeanchor weights: which of its actions is meant.
 */
#include "weights/weights.h"

#include <string.h>

static const struct fa_flag flags[] = {
    {"--out", "FILE", "import, export: the file to be written", false},
    {"--format", "F", "export: safetensors, h5 or onnx (default: as --out ends)", false},
    {"--skip-class-layer", NULL, "import: all but the class layer, which training then starts at random",
     false},
    {"--config", "C.json",
     "import: the recipe that the weights must fit (default: the network is recognised)", false},
    {"--set", "KEY=VALUE",
     "import: how images are prepared (data.mean, data.std, data.to_rgb), or another key of the recipe",
     false},
    {0}};

static const char details[] =
    "\n"
    "  import X --out W.h5            weights of PyTorch, torchvision or mmdetection as a weights file\n"
    "  export W --out X.safetensors   weights for other programs, in mmdetection's names; also X.h5\n"
    "  export W --out X.onnx          the detector for ONNX Runtime and the like: an image in, boxes and "
    "scores "
    "out\n"
    "  list A                         every tensor: shape, smallest, largest, mean, norm\n"
    "  diff A B                       0 if every tensor is equal to the last bit, else 1 and the "
    "differences\n"
    "\n"
    "A, B, W and X are weights files of any format (HDF5, .pth, .safetensors; told by content) or "
    "checkpoint\n"
    "directories, with names of torchvision's ResNets and ResNeXts or of mmdetection's RetinaNets. import "
    "and\n"
    "export are strict: every tensor of the network must be there in its shape, and nothing else; neck, "
    "head\n"
    "and class layer may each be absent as a whole. What import cannot know from the file, how images are\n"
    "prepared (data.mean, data.std, data.to_rgb), is taken from --config, printed and kept in W.h5. Do not "
    "import\n"
    "networks in Caffe's style (stride in the 1x1): names and shapes do not tell them from ours.\n"
    "export leaves out num_batches_tracked, which PyTorch fills in by itself.";

static const struct action {
    const char *name;
    size_t n_paths;
    const char *flags[5];
    fa_status (*run)(struct fa_invocation *invocation, const char *const *paths);
} actions[] = {{"import", 1, {"--out", "--skip-class-layer", "--config", "--set"}, fa_weights_import},
               {"export", 1, {"--out", "--format"}, fa_weights_export},
               {"list", 1, {NULL}, fa_weights_list},
               {"diff", 2, {NULL}, fa_weights_compare}};

static bool takes(const struct action *action, const char *flag)
{
    for (const char *const *own = action->flags; *own != NULL; own++)
        if (strcmp(*own, flag) == 0)
            return true;
    return false;
}

/* A flag of another action would do nothing. */
static fa_status check_flags(const struct fa_invocation *invocation, const struct action *action)
{
    for (const struct fa_flag *flag = flags; flag->name != NULL; flag++)
        if (fa_arguments_get(&invocation->arguments, flag->name) != NULL && !takes(action, flag->name))
            return fa_fail(FA_EINVAL, "weights %s takes no %s; see freeanchor weights --help", action->name,
                           flag->name);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    const char *words[4] = {NULL};

    for (size_t k = 0; k < 4; k++)
        words[k] = fa_arguments_nth(&invocation->arguments, NULL, k);
    for (size_t i = 0; words[0] != NULL && i < sizeof actions / sizeof actions[0]; i++) {
        const struct action *action = &actions[i];

        if (strcmp(action->name, words[0]) != 0)
            continue;
        if (words[action->n_paths] == NULL || words[action->n_paths + 1] != NULL)
            return fa_fail(FA_EINVAL, "weights %s takes %zu weights file%s or checkpoint director%s",
                           words[0], action->n_paths, action->n_paths == 1 ? "" : "s",
                           action->n_paths == 1 ? "y" : "ies");
        FA_TRY(check_flags(invocation, action));
        return action->run(invocation, words + 1);
    }
    return fa_fail(FA_EINVAL, "weights %s: expected import X, export W, list A, or diff A B",
                   words[0] != NULL ? words[0] : "");
}

const struct fa_command fa_command_weights = {
    .name = "weights",
    .operands = "import X | export W | list A | diff A B",
    .summary = "weights from and for other programs; list and compare them",
    .details = details,
    .flags = flags,
    .run = run};
