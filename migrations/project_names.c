#include "migrations/project_names.h"

#include "base/text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

bool project_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    if (length < 1 || length > 63 || name[0] == '-')
        return false;
    for (const char *at = name; *at; at++)
        if (!is_digit(*at) && !is_lower(*at) && *at != '-')
            return false;
    return true;
}

bool project_version_name_is_valid(const char *name)
{
    size_t length = strlen(name);
    if (length < 1 || length > 64)
        return false;
    for (const char *at = name; *at; at++) {
        bool alphanumeric = is_digit(*at) || is_lower(*at) || (*at >= 'A' && *at <= 'Z');
        if (!alphanumeric && (at == name || !strchr("._+-", *at)))
            return false;
    }
    return true;
}

const char *project_file_name_trouble(const char *name)
{
    size_t length = strlen(name);
    if (!text_is_utf8(name, length))
        return "is not UTF-8";
    if (length > PROJECT_IDENTITY_MAX)
        return "is longer than 255 bytes";
    for (const unsigned char *at = (const unsigned char *)name; *at; at++) {
        /* C1 controls (U+0080 to U+009F) steer terminals as the others do */
        bool c1 = at[0] == 0xc2 && at[1] < 0xa0;
        if (*at < 0x20 || *at == 0x7f || c1)
            return "holds a control character";
    }
    return NULL;
}

char *project_slug(const char *title)
{
    Text slug = {0};
    for (const char *at = title; *at; at++) {
        char c = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            text_add_char(&slug, c);
        else if (slug.length && slug.bytes[slug.length - 1] != '_')
            text_add_char(&slug, '_');
    }
    while (slug.length && slug.bytes[slug.length - 1] == '_')
        slug.bytes[--slug.length] = '\0';
    text_add(&slug, "");
    return text_take(&slug);
}
