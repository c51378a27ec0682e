/*
 * machine_interfaces.c - the addresses of this host.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fa/machine.h"

static const void *address_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
}

static bool is_reachable(const struct ifaddrs *entry)
{
    const int family = entry->ifa_addr != NULL ? entry->ifa_addr->sa_family : AF_UNSPEC;

    if ((family != AF_INET && family != AF_INET6) || (entry->ifa_flags & IFF_UP) == 0 ||
        (entry->ifa_flags & IFF_LOOPBACK) != 0)
        return false;
    return family == AF_INET || !IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)address_of(entry->ifa_addr));
}

/* A bridge of a host that is itself its router is one of containers or virtual machines by its name; that of
   a cluster's network has a name of the administrator's. */
static bool is_bridge(const char *name)
{
    static const char *const prefixes[] = {"docker", "virbr", "br-",    "lxcbr",
                                           "lxdbr",  "cni",   "podman", "vnet"};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static void describe(const struct ifaddrs *entry, struct fa_interface *interface)
{
    *interface = (struct fa_interface){.is_bridge = is_bridge(entry->ifa_name)};
    snprintf(interface->name, sizeof interface->name, "%s", entry->ifa_name);
    inet_ntop(entry->ifa_addr->sa_family, address_of(entry->ifa_addr), interface->address,
              sizeof interface->address);
}

fa_status fa_machine_interfaces(struct fa_interface *interfaces, size_t max, size_t *n)
{
    struct ifaddrs *all;

    *n = 0;
    if (getifaddrs(&all) != 0)
        return fa_fail_errno(FA_EIO, errno, "the network interfaces cannot be listed");
    for (const struct ifaddrs *entry = all; entry != NULL && *n < max; entry = entry->ifa_next)
        if (is_reachable(entry))
            describe(entry, &interfaces[(*n)++]);
    freeifaddrs(all);
    return FA_OK;
}
