#include "device.h"

#include <stdio.h>

#include "fa/json.h"

enum { JSON_MAX = 8192 };

static fa_status read_origin(const struct fa_json *root, struct fa_cudnn_device *device)
{
    const char *name;
    int64_t version, multiprocessors;

    if (!fa_json_to_string(fa_json_get(root, "deviceName"), &name) ||
        !fa_json_to_int(fa_json_get(root, "deviceVer"), &version) ||
        !fa_json_to_int(fa_json_get(root, "multiProcessorCount"), &multiprocessors))
        return fa_fail(FA_EFORMAT, "lacks one of `deviceName`, `deviceVer`, `multiProcessorCount`");
    snprintf(device->origin, sizeof device->origin, "cuDNN %s, %s, sm_%lld, %lld multiprocessors",
             device->descriptors.cudnn->version, name, (long long)version / 10, (long long)multiprocessors);
    return FA_OK;
}

static fa_status name_origin(struct fa_cudnn_device *device, const char *name, const char *json, size_t n)
{
    struct fa_json *root;
    fa_status status;

    FA_TRY(fa_json_parse(name, json, n, &root));
    status = read_origin(root, device);
    fa_json_free(root);
    return fa_prefix(status, "%s", name);
}

static fa_status finish(struct fa_cudnn_device *device, const char *name)
{
    fa_cudnn_finish(&device->descriptors, device->properties);
    if (device->descriptors.status == FA_OK)
        return FA_OK;
    return fa_prefix(device->descriptors.status, "%s", name);
}

static void begin(const struct fa_cudnn *cudnn, struct fa_cudnn_device *device)
{
    *device = (struct fa_cudnn_device){.descriptors = {.cudnn = cudnn}};
    device->properties = fa_cudnn_begin(&device->descriptors, FA_CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
}

static fa_status read_text(const struct fa_cudnn_device *device, char json[JSON_MAX], int64_t *n)
{
    const struct fa_cudnn *cudnn = device->descriptors.cudnn;

    return fa_cudnn_check(cudnn,
                          cudnn->cudnnBackendGetAttribute(device->properties,
                                                          FA_CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                                          FA_CUDNN_TYPE_CHAR, JSON_MAX, n, json),
                          "describing the GPU");
}

static fa_status open_number(struct fa_cudnn_device *device, const char *name, int32_t number)
{
    char json[JSON_MAX];
    int64_t n = 0;

    fa_cudnn_put(&device->descriptors, device->properties, FA_CUDNN_ATTR_DEVICEPROP_DEVICE_ID,
                 FA_CUDNN_TYPE_INT32, 1, &number);
    FA_TRY(finish(device, name));
    FA_TRY(read_text(device, json, &n));
    if (n > 0 && n <= JSON_MAX && json[n - 1] == '\0')
        n--;
    return name_origin(device, name, json, n > 0 && n <= JSON_MAX ? (size_t)n : 0);
}

fa_status fa_cudnn_device_open(const struct fa_cudnn *cudnn, int number, struct fa_cudnn_device *device)
{
    char name[32];
    fa_status status;

    snprintf(name, sizeof name, "GPU %d", number);
    begin(cudnn, device);
    status = open_number(device, name, number);
    if (status != FA_OK)
        fa_cudnn_device_close(device);
    return status;
}

static fa_status describe(struct fa_cudnn_device *device, const char *name, const char *json, size_t n)
{
    FA_TRY(name_origin(device, name, json, n));
    fa_cudnn_put(&device->descriptors, device->properties, FA_CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                 FA_CUDNN_TYPE_CHAR, (int64_t)n, json);
    return finish(device, name);
}

fa_status fa_cudnn_device_describe(const struct fa_cudnn *cudnn, const char *name, const char *json, size_t n,
                                   struct fa_cudnn_device *device)
{
    fa_status status;

    begin(cudnn, device);
    status = describe(device, name, json, n);
    if (status != FA_OK)
        fa_cudnn_device_close(device);
    return status;
}

void fa_cudnn_device_close(struct fa_cudnn_device *device)
{
    fa_cudnn_end(&device->descriptors);
}
