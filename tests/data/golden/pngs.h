/* make_pngs.py: name, components, CRC32C of the RGB pixels. */
static const struct golden_png golden_pngs[] = {
    {"rgb", 3, 0xb1d07ed8},
    {"gray", 1, 0x3f813866},
    {"gray_1bit", 1, 0xa9231129},
    {"gray_16bit", 1, 0x3a551495},
    {"rgb_16bit", 3, 0x5f10541a},
    {"palette", 1, 0xa64b69cb},
    {"palette_4bit", 1, 0xa64b69cb},
    {"palette_clear", 1, 0x3899f9f5},
    {"rgb_alpha", 4, 0xed826d3b},
    {"gray_alpha", 2, 0x080be6ea},
    {"gamma", 3, 0xb1d07ed8},
    {"interlaced", 3, 0xb1d07ed8},
};
