/*
 * option_table.c - what can be configured. Defaults are the FreeAnchor R-50 1x recipe (doc/method.md 1.2, 6,
 * 7, 8).
 */
#include "option.h"

#include "fa/number.h"

#define AT(member) offsetof(struct fa_settings, member)

static const char *const depths[] = {"18", "34", "50", "101", NULL};
static const char *const inits[] = {
    [FA_INIT_WEIGHTS] = "weights", [FA_INIT_CALIBRATE] = "calibrate", [FA_INIT_RANDOM] = "random", NULL};
static const char *const head_inits[] = {
    [FA_HEAD_GAUSSIAN] = "gaussian", [FA_HEAD_KAIMING] = "kaiming", NULL};
static const char *const norms[] = {[FA_NORM_FROZEN_BATCH] = "frozen_batch", [FA_NORM_GROUP] = "group", NULL};
static const char *const schedules[] = {
    [FA_SCHEDULE_STEP] = "step", [FA_SCHEDULE_COSINE] = "cosine", [FA_SCHEDULE_POLY] = "poly", NULL};
static const char *const scale_modes[] = {[FA_SCALE_VALUE] = "value", [FA_SCALE_RANGE] = "range", NULL};
static const char *const normalizers[] = {
    [FA_NORMALIZER_GLOBAL] = "global", [FA_NORMALIZER_LOCAL] = "local", NULL};

#define BOOL(key, member, fallback, sentence)                                                                \
    {                                                                                                        \
        key, FA_OPTION_BOOL, AT(member), fallback, 0, 1, sentence, NULL, 0, 0                                \
    }
#define VALUE(key, type, member, fallback, min, max, sentence)                                               \
    {                                                                                                        \
        key, type, AT(member), fallback, min, max, sentence, NULL, 0, 0                                      \
    }
#define STRING(key, member, fallback, sentence)                                                              \
    {                                                                                                        \
        key, FA_OPTION_STRING, AT(member), fallback, 0, 0, sentence, NULL, 0, 0                              \
    }
#define CHOICE(key, member, fallback, choices, sentence)                                                     \
    {                                                                                                        \
        key, FA_OPTION_CHOICE, AT(member), fallback, 0, 0, sentence, choices, 0, 0                           \
    }
#define LIST(key, type, member, count, fallback, min, max, sentence)                                         \
    {                                                                                                        \
        key, type, AT(member), fallback, min, max, sentence, NULL, count, 0                                  \
    }

const struct fa_option fa_options[] = {
    {"model.backbone.depth", FA_OPTION_INT, AT(model.depth), "50", 18, 101, "Layers of the ResNet.", depths,
     0, 0},
    VALUE("model.backbone.groups", FA_OPTION_INT, model.groups, "1", 1, 64,
          "Groups of the 3x3 convolutions: 1, or 32 or 64 for ResNeXt."),
    VALUE("model.backbone.base_width", FA_OPTION_INT, model.base_width, "64", 4, 64,
          "Channels per group before widening: 64, or 4 for ResNeXt."),
    VALUE("model.backbone.base_channels", FA_OPTION_INT, model.base_channels, "64", FA_WIDTH_STEP,
          FA_MAX_BASE_CHANNELS,
          "Channels of the stem, which each stage doubles; fewer make a smaller ResNet."),
    VALUE("model.backbone.frozen_stages", FA_OPTION_INT, model.frozen_stages, "1", -1, 4,
          "Freeze the stem (0) and the stages up to this one; -1 trains all."),
    BOOL("model.backbone.zero_init_residual", model.zero_init_residual, "true",
         "Start the last norm of a residual block at gamma 0."),
    VALUE("model.neck_channels", FA_OPTION_INT, model.neck_channels, "256", FA_WIDTH_STEP, FA_MAX_WIDTH,
          "Channels of the feature pyramid; fewer are faster and learn small sets as well."),
    VALUE("model.finest_level", FA_OPTION_INT, model.anchors.finest_level, "3", 2, 3,
          "Levels of the feature pyramid: P3 to P7 (3), or P2 to P6 (2), which has finer anchors and four "
          "times as "
          "many, for small objects."),
    VALUE("model.head_channels", FA_OPTION_INT, model.head_channels, "256", FA_WIDTH_STEP, FA_MAX_WIDTH,
          "Channels of the head's towers."),
    VALUE("model.head_convs", FA_OPTION_INT, model.head_convs, "4", 1, FA_HEAD_MAX_CONVS,
          "Convolutions of each of the head's two towers."),
    CHOICE("model.norm", norm, "\"frozen_batch\"", norms,
           "Batch norm of the backbone with statistics that stay as loaded (frozen_batch), or group norm in "
           "backbone, "
           "neck and head (group: trains from random weights)."),
    VALUE("model.norm_groups", FA_OPTION_INT, model.norm_groups, "32", 1, 2048,
          "Groups of a group norm; a layer with fewer channels has a quarter as many groups as channels."),
    VALUE("model.prior", FA_OPTION_NUMBER, model.prior_probability, "0.01", 1e-6, 0.5,
          "Probability of an object that the untrained head predicts."),
    CHOICE(
        "model.head_init", head_init, "\"gaussian\"", head_inits,
        "Start the head's towers small (gaussian, 0.01: the reference), or so that signals keep their size "
        "(kaiming: learns from random weights sooner)."),
    CHOICE("model.init", train.init, "\"weights\"", inits,
           "Start from --init-from (weights), or without it from random weights: with batch-norm statistics "
           "of the "
           "first images (calibrate), or with group norm, which needs none (random)."),
    VALUE("model.calibrate_images", FA_OPTION_INT, train.calibrate_images, "16", 1, 4096,
          "Images over which batch-norm statistics are calibrated."),

    LIST("model.anchor_ratios", FA_OPTION_FLOATS, model.anchors.ratio, 3, "[0.5, 1, 2]", 0.02, 50,
         "Shapes of anchors, height to width; browse says how well they fit."),
    VALUE("model.anchor_scale", FA_OPTION_NUMBER, model.anchors.scale, "4", 0.25, 32,
          "Size of the smallest anchors of a level, in its strides (8, 16 .. 128 pixels, from 4 on with P2); "
          "they come in 1, "
          "1.26 and "
          "1.59 times that."),
    LIST("model.coder_std", FA_OPTION_FLOATS, train.loss.coder.std, 4, "[0.1, 0.1, 0.2, 0.2]", 1e-3, 100,
         "Unit of the head's box deltas: dx, dy, dw, dh."),

    CHOICE("loss.type", train.loss.kind, "\"freeanchor\"", fa_loss_names,
           "Anchors that are learned to match (freeanchor), or assigned by overlap (focal: RetinaNet), or "
           "by a threshold that an object's nearest anchors set (atss)."),
    VALUE("loss.alpha", FA_OPTION_NUMBER, train.loss.freeanchor.alpha, "0.5", 0, 1,
          "FreeAnchor: weight of the positive bag loss."),
    VALUE("loss.gamma", FA_OPTION_NUMBER, train.loss.freeanchor.gamma, "2", 0, 10,
          "FreeAnchor: focal exponent of the negative bag loss."),
    VALUE("loss.bag_size", FA_OPTION_INT, train.loss.freeanchor.bag_size, "50", 1, 10000,
          "FreeAnchor: candidate anchors of an object."),
    VALUE("loss.box_threshold", FA_OPTION_NUMBER, train.loss.freeanchor.box_threshold, "0.6", 0, 1,
          "FreeAnchor: IoU at which the box probability leaves 0."),
    VALUE("loss.smooth_l1_beta", FA_OPTION_NUMBER, train.loss.freeanchor.smooth_l1_beta, "0.11", 1e-6, 10,
          "FreeAnchor: where the box loss turns from square to linear."),
    VALUE("loss.smooth_l1_weight", FA_OPTION_NUMBER, train.loss.freeanchor.smooth_l1_weight, "0.75", 0, 100,
          "FreeAnchor: weight of the box loss inside the bag."),
    VALUE("loss.focal_alpha", FA_OPTION_NUMBER, train.loss.focal.alpha, "0.25", 0, 1,
          "Focal, ATSS: weight of an object's class, 1 - this that of all others."),
    VALUE("loss.focal_gamma", FA_OPTION_NUMBER, train.loss.focal.gamma, "2", 0, 10, "Focal, ATSS: exponent."),
    VALUE("loss.positive_iou", FA_OPTION_NUMBER, train.loss.focal.positive_iou, "0.5", 1e-6, 1,
          "Focal: IoU with an object from which an anchor is positive."),
    VALUE("loss.negative_iou", FA_OPTION_NUMBER, train.loss.focal.negative_iou, "0.4", 0, 1,
          "Focal: IoU with every object below which an anchor is negative."),
    VALUE("loss.min_positive_iou", FA_OPTION_NUMBER, train.loss.focal.min_positive_iou, "0", 0, 1,
          "Focal: an object takes its best anchors if they reach this IoU; 0: even if none overlaps it."),
    VALUE("loss.atss_k", FA_OPTION_INT, train.loss.atss.k, "9", 1, 1000,
          "ATSS: nearest positions of a level whose anchors are an object's candidates."),

    LIST("data.train", FA_OPTION_PATHS, train_data, FA_DATASETS_MAX, "\"\"", 0, 0,
         "Folder of shards to train on, or a list of folders that are trained on as one (also --train-data); "
         "the first has all classes, the others' are told by their names."),
    {"data.train_weights", FA_OPTION_NUMBERS, AT(train.data_weights.weight), "[]", 0.01, 1000,
     "How often the images of each dataset of data.train come in an epoch; []: once.", NULL, FA_DATASETS_MAX,
     AT(train.data_weights.n)},
    STRING("data.val", val_data, "\"\"", "Folder of shards to evaluate on (also --val-data)."),
    LIST("data.scale", FA_OPTION_SCALES, train.transform.scales, FA_SCALES_MAX, "[1333, 800]", 32, 16384,
         "Images are resized, keeping their shape, to fit these two sides; a list of pairs: to one that is "
         "drawn for each image of training."),
    CHOICE("data.scale_mode", scale_mode, "\"value\"", scale_modes,
           "Of a list in data.scale, one of the pairs is drawn (value), or each side from that of the first "
           "of two "
           "pairs to that of the second (range)."),
    LIST("data.range", FA_OPTION_INTS, train.transform.rendering.range, 2, "[0, 65535]", 0, 65535,
         "Samples of 16-bit images (PNG, TIFF) that become 0 and 255, as does what is beyond them; the "
         "default "
         "takes the upper 8 bits."),
    LIST("data.ground", FA_OPTION_INTS, train.transform.rendering.ground, 3, "[255, 255, 255]", 0, 255,
         "The colour, R G B, that lies under what is transparent in an image."),
    VALUE("data.flip", FA_OPTION_NUMBER, train.transform.flip_probability, "0.5", 0, 1,
          "Probability of mirroring a training image."),
    VALUE("data.vertical_flip", FA_OPTION_NUMBER, train.transform.augment.vertical_flip, "0", 0, 1,
          "Probability of turning a training image upside down."),
    LIST("data.random_scale", FA_OPTION_FLOATS, train.transform.augment.random_scale, 2, "[1, 1]", 0.1, 4,
         "Training images are drawn smaller or larger by a factor from the first to the second, and shifted "
         "at "
         "random in a frame of the usual size."),
    VALUE("data.min_visible", FA_OPTION_NUMBER, train.transform.augment.min_visible, "0.3", 0, 1,
          "Part of an object's area that must be left in the frame; below that it is not an object."),
    LIST("data.expand", FA_OPTION_FLOATS, train.transform.augment.expand, 2, "[1, 1]", 1, 10,
         "Training images are put on a canvas that is larger by a factor from the first to the second."),
    VALUE("data.expand_probability", FA_OPTION_NUMBER, train.transform.augment.expand_probability, "0.5", 0,
          1, "Probability of data.expand for an image."),
    {"data.min_iou_crop", FA_OPTION_NUMBERS, AT(train.transform.augment.crops.min_iou), "[]", 0, 1,
     "A training image is kept whole, or cut to a part that overlaps every object by at least one of these "
     "IoU, or by any; each with equal chance ([0.1, 0.3, 0.5, 0.7, 0.9] for SSD's crops, which are "
     "mmdetection's MinIoURandomCrop); []: nothing is cut.",
     NULL, FA_CROPS_MAX, AT(train.transform.augment.crops.n)},
    VALUE("data.min_crop", FA_OPTION_NUMBER, train.transform.augment.crops.least_side, "0.3", 0.01, 1,
          "Sides of the part that data.min_iou_crop cuts, as a share of the image's, at least."),
    VALUE("data.color_probability", FA_OPTION_NUMBER, train.transform.augment.color_probability, "0.5", 0, 1,
          "Probability of each of the next four for an image."),
    VALUE("data.brightness", FA_OPTION_NUMBER, train.transform.augment.brightness, "0", 0, 255,
          "Levels, of 255, added to or taken from a training image at most."),
    LIST("data.contrast", FA_OPTION_FLOATS, train.transform.augment.contrast, 2, "[1, 1]", 0.01, 100,
         "Factor of all channels, from the first to the second; before or after the next two by chance."),
    LIST("data.saturation", FA_OPTION_FLOATS, train.transform.augment.saturation, 2, "[1, 1]", 0.01, 100,
         "Factor of the saturation, from the first to the second."),
    VALUE("data.hue", FA_OPTION_NUMBER, train.transform.augment.hue, "0", 0, 180,
          "Degrees by which the hue is turned either way at most."),
    VALUE("data.channel_swap", FA_OPTION_NUMBER, train.transform.augment.channel_swap, "0", 0, 1,
          "Probability of putting the channels into a random order."),
    BOOL("data.keep_empty", train.keep_empty, "false", "Train on images without objects too."),
    VALUE("data.repeat_threshold", FA_OPTION_NUMBER, train.repeat_threshold, "0", 0, 1,
          "Images with a class that less than this share of images shows come several times an epoch, the "
          "root of this over the share (repeat factors of LVIS, there 0.001); 0: every image once."),
    LIST("data.mean", FA_OPTION_FLOATS, train.transform.normalize.mean, 3, "[123.675, 116.28, 103.53]", 0,
         255, "Mean of a channel, subtracted."),
    LIST("data.std", FA_OPTION_FLOATS, train.transform.normalize.std, 3, "[58.395, 57.12, 57.375]", 1e-3, 255,
         "Standard deviation of a channel, divided by."),
    BOOL("data.to_rgb", train.transform.normalize.to_rgb, "true",
         "Channels in the order R G B; false: B G R."),
    VALUE("data.loader_threads", FA_OPTION_INT, train.loader_threads, "2", 1, 256,
          "Threads of a rank that prepare images."),
    VALUE("data.bad_sample_budget", FA_OPTION_INT, train.bad_sample_budget, "100", 0, 1e9,
          "Damaged images that a rank replaces before it gives up."),

    VALUE("train.batch", FA_OPTION_INT, train.batch, "16", 1, 65536,
          "Images of a step, over all ranks: at least one each; they need not divide it."),
    VALUE("train.reference_batch", FA_OPTION_INT, train.reference_batch, "16", 1, 65536,
          "The batch for which train.lr is stated."),
    CHOICE(
        "train.lr_scaling", train.lr_scaling, "\"linear\"", fa_lr_scaling_names,
        "The rate is multiplied by train.batch / train.reference_batch (linear), by the root of that (sqrt), "
        "or not at all (none)."),
    VALUE("train.epochs", FA_OPTION_INT, train.epochs, "12", 1, 100000, "Passes over the data."),
    VALUE("train.max_steps", FA_OPTION_INT64, train.max_steps, "0", 0, 1e15,
          "Stop after so many steps; 0: only train.epochs counts."),
    VALUE("train.lr", FA_OPTION_NUMBER, train.schedule.lr, "0.01", 0, 100,
          "Learning rate at the reference batch."),
    VALUE("train.momentum", FA_OPTION_NUMBER, train.momentum, "0.9", 0, 0.9999, "Momentum of SGD."),
    VALUE("train.weight_decay", FA_OPTION_NUMBER, train.weight_decay, "0.0001", 0, 1,
          "Weight decay, of every trainable parameter."),
    BOOL("train.decay_norm", train.decay_norm, "true", "Decay the gammas and betas of norms too."),
    VALUE("train.lars", FA_OPTION_NUMBER, train.lars, "0", 0, 1,
          "Steps of each layer in proportion to its weights (LARS), by this trust, such as 0.001; 0: plain "
          "SGD."),
    VALUE("train.clip_norm", FA_OPTION_NUMBER, train.clip_norm, "35", 0, 1e9,
          "Largest gradient norm; 0: no clipping."),
    VALUE(
        "train.ema_decay", FA_OPTION_NUMBER, train.ema_decay, "0", 0, 0.999999,
        "What a moving average of the weights keeps in a step (less in the first ones); it is evaluated and "
        "exported in their place. 0: none."),
    VALUE("train.warmup_steps", FA_OPTION_INT64, train.schedule.warmup_steps, "-1", -1, 1e9,
          "Steps of linear warm-up; -1: 500, but at most a tenth of the run."),
    VALUE("train.warmup_epochs", FA_OPTION_NUMBER, train.schedule.warmup_epochs, "0", 0, 100000,
          "The same in epochs, also parts of one; 0: as train.warmup_steps says."),
    VALUE("train.warmup_samples", FA_OPTION_INT64, train.schedule.warmup_samples, "0", 0, 1e12,
          "The same in images; 0: as train.warmup_steps says."),
    VALUE("train.warmup_ratio", FA_OPTION_NUMBER, train.schedule.warmup_ratio, "0.001", 0, 1,
          "The first step's part of the regular learning rate."),
    CHOICE("train.schedule", train.schedule.kind, "\"step\"", schedules,
           "How the learning rate falls: at train.lr_steps (step), or over all of train.epochs down to "
           "train.lr_min, along a cosine (cosine) or a power of what is left (poly)."),
    VALUE("train.lr_min", FA_OPTION_NUMBER, train.schedule.lr_min, "0", 0, 100,
          "Cosine, poly: learning rate at the end, at the reference batch."),
    VALUE("train.poly_power", FA_OPTION_NUMBER, train.schedule.poly_power, "0.9", 0.01, 100,
          "Poly: the power; 1 is a straight line."),
    {"train.lr_steps", FA_OPTION_EPOCHS, AT(train.schedule.drop_epoch), "\"auto\"", 1, 100000,
     "Step: epochs after which the learning rate drops; auto: two thirds and eleven twelfths of "
     "train.epochs, "
     "which is 8 and 11 of 12.",
     NULL, sizeof((struct fa_schedule *)0)->drop_epoch / sizeof(int64_t), AT(train.schedule.n_drops)},
    VALUE("train.lr_gamma", FA_OPTION_NUMBER, train.schedule.drop_factor, "0.1", 1e-6, 1,
          "Step: factor of each drop."),
    CHOICE("train.normalizer", train.normalizer, "\"global\"", normalizers,
           "Divide losses by the objects (focal, atss: positive anchors) of the whole batch (global), or of "
           "each "
           "rank, "
           "then average (local)."),
    CHOICE(
        "train.reduction", train.reduction, "\"canonical\"", fa_reduction_names,
        "Add gradients in one tree over the batch: any number of ranks gives the same bits (canonical); or "
        "by MPI_Iallreduce: the same number does (allreduce)."),
    CHOICE("train.transport", train.transport, "\"auto\"", fa_transport_names,
           "How gradients travel between ranks: by MPI's messages, or straight from GPU to GPU of a host "
           "(device; "
           "canonical reduction only); auto: device where GPUs reach each other. The same bits."),
    VALUE("train.bucket_mib", FA_OPTION_INT, train.bucket_mib, "4", 1, 512,
          "MiB of gradients that leave together while backward still runs; hundreds of ranks need more."),
    VALUE("train.lanes", FA_OPTION_INT, train.lanes, "0", 0, 64,
          "Images of a rank that run side by side; the same bits. 0: as many as its GPU has room for, up to "
          "8; 1 "
          "on processors, where more do not serve."),
    VALUE("train.seed", FA_OPTION_SEED, train.seed, "0", 0, FA_LARGEST_EXACT,
          "Seed of everything random (also --seed)."),
    VALUE("train.log_interval", FA_OPTION_INT, train.log_interval, "50", 1, 1e6,
          "Steps between lines of the log."),
    BOOL("train.tensorboard", train.tensorboard, "false",
         "Write the log's numbers for TensorBoard too, in tf_logs of the work directory."),
    VALUE("train.checksum_interval", FA_OPTION_INT64, train.checksum_interval, "100", 0, 1e9,
          "Steps after which ranks compare the checksums of their weights; 0: only before they are saved."),
    VALUE("train.checkpoint_interval", FA_OPTION_INT, train.checkpoint_interval, "1", 1, 100000,
          "Epochs between checkpoints."),
    VALUE("train.checkpoint_steps", FA_OPTION_INT64, train.checkpoint_steps, "0", 0, 1e15,
          "Also save every so many steps; 0: only between epochs."),
    VALUE("train.keep_checkpoints", FA_OPTION_INT, train.keep_checkpoints, "0", 0, 100000,
          "Newest checkpoints kept, and besides them the one of best AP; 0: all."),
    VALUE("train.eval_interval", FA_OPTION_INT, train.eval_interval, "1", 0, 100000,
          "Epochs between evaluations; 0: none."),
    BOOL("train.class_ap", train.class_ap, "false",
         "Tell the AP of each class at each evaluation: class_AP in log.jsonl, a table in train.log."),
    BOOL("train.val_loss", train.val_loss, "false",
         "Compute the loss of the validation set at each evaluation too: val_loss in log.jsonl and "
         "train.log."),
    VALUE("train.patience", FA_OPTION_INT, train.patience, "0", 0, 100000,
          "Finish after so many evaluations in a row without a better AP; 0: only when all epochs are done."),

    VALUE("watchdog.silence_s", FA_OPTION_NUMBER, train.watchdog.silence_s, "60", 0, 86400,
          "Seconds without a sign of life of a rank after which the job ends; 0: no watch over ranks."),
    VALUE("watchdog.step_s", FA_OPTION_NUMBER, train.watchdog.step_s, "300", 1, 1e6,
          "Seconds without progress in a rank's own work on a step after which the job ends; 10 times the "
          "longest pause so far is always allowed."),
    VALUE("watchdog.start_s", FA_OPTION_NUMBER, train.watchdog.start_s, "1800", 1, 1e6,
          "The same before and in the first step."),
    VALUE("watchdog.evaluate_s", FA_OPTION_NUMBER, train.watchdog.evaluate_s, "1800", 1, 1e6,
          "The same in evaluations."),
    VALUE("watchdog.save_s", FA_OPTION_NUMBER, train.watchdog.save_s, "1800", 1, 1e6,
          "The same while a checkpoint is saved."),

    LIST(
        "eval.scale", FA_OPTION_SCALES, eval_scale, FA_SCALES_MAX, "\"auto\"", 32, 16384,
        "The two sides that images to evaluate, and to detect on, fit; auto: the largest pair of data.scale. "
        "Of a list of pairs detection takes the largest, and an evaluation looks at all, merged before NMS."),
    BOOL("eval.flip", train.eval.transform.mirrors, "false",
         "An evaluation looks at the mirror image too, merged before NMS."),
    VALUE("eval.score_threshold", FA_OPTION_NUMBER, train.eval.detect.score_threshold, "0.05", 0, 1,
          "Detections must score higher."),
    VALUE("eval.pre_nms", FA_OPTION_INT, train.eval.detect.pre_nms, "1000", 1, 1e7,
          "Best candidates of a pyramid level before NMS."),
    VALUE("eval.nms_iou", FA_OPTION_NUMBER, train.eval.detect.nms_iou, "0.5", 0, 1,
          "Overlap at which NMS drops the lower box."),
    VALUE("eval.max_per_image", FA_OPTION_INT, train.eval.detect.max_per_image, "100", 1, 1e6,
          "Detections kept of an image."),
    LIST("eval.max_detections", FA_OPTION_INTS, train.eval.max_detections, 3, "[1, 10, 100]", 1, 1e6,
         "Detections per image and class that the metrics look at; mmdetection: 100, 300, 1000."),
    VALUE("eval.max_images", FA_OPTION_SIZE, train.eval.max_images, "0", 0, 1e15,
          "Evaluate only the first so many images; 0: all."),

    STRING(
        "backend.name", backend, "\"\"",
        "Compute library: onednn or blas, or cuda on NVIDIA's GPUs; empty: the fastest for processors (also "
        "--backend)."),
    VALUE("backend.device", FA_OPTION_INT, device, "-1", -1, 1023,
          "Which GPU of the host; -1: the one whose number is the rank's number on its host."),
    BOOL("backend.share_device", share_device, "false",
         "Let several ranks compute on one GPU; else that is an error."),
    BOOL("backend.graphs", graphs, "true",
         "Record the work of an image size, and ask a GPU for it as one CUDA graph from then on."),
    CHOICE(
        "train.precision", precision, "\"fp32\"", fa_precision_names,
        "Products: strict (fp32), of bf16 numbers (bf16: a GPU, or a processor with AVX512-BF16 or AMX), or "
        "with factors of 10 bits (tf32: a GPU)."),
    CHOICE(
        "backend.conv_algorithm", algorithm, "\"auto\"", fa_conv_preference_names,
        "Convolution by static rule or as --autotune measured (auto), or forced to be direct or winograd."),
    {0}};
