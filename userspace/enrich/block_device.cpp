// SPDX-License-Identifier: Apache-2.0
// The hardware below a file system. Documentation/ABI/testing/sysfs-block tells what the files mean.
#include "enrich/block_device.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whodid {

namespace {

constexpr int kVolumesMax = 4;  // one on the other

std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\n";
    const std::size_t from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return {};
    return std::string(text.substr(from, text.find_last_not_of(kBlank) + 1 - from));
}

/// Empty when it cannot be read.
std::string fact(const Host& host, const std::string& path) {
    const auto text = host.read_file(path);
    return text ? trimmed(*text) : std::string();
}

/// "../../devices/a/b" as a link in /sys/dev/block has it: "/sys/devices/a/b".
std::string device_path(const Host& host, const std::string& number) {
    const std::string target = host.link("/sys/dev/block/" + number);
    const std::size_t devices = target.find("devices/");
    return devices == std::string::npos ? std::string() : "/sys/" + target.substr(devices);
}

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// By the directories that lead to it, the nearest last.
std::string bus_of(std::string_view path) {
    constexpr std::pair<std::string_view, std::string_view> kBuses[] = {
        {"/usb", "usb"},       {"/mmc_host/", "mmc"},   {"/nvme/", "nvme"}, {"/ata", "ata"},
        {"/virtio", "virtio"}, {"/block/loop", "loop"}, {"/host", "scsi"}};
    for (const auto& [part, bus] : kBuses)
        if (path.find(part) != std::string_view::npos) return std::string(bus);
    return {};
}

/// The USB device above a disk; empty for none.
std::string usb_device(const Host& host, std::string path) {
    while (path.size() > std::string_view("/sys/devices").size()) {
        if (host.read_file(path + "/idVendor")) return path;
        path = parent(path);
    }
    return {};
}

void fill_from_usb(const Host& host, const std::string& disk, BlockDevice& device) {
    const std::string usb = usb_device(host, disk);
    if (usb.empty()) return;
    device.removable = true;
    device.serial = fact(host, usb + "/serial");
    if (device.vendor.empty()) device.vendor = fact(host, usb + "/manufacturer");
    if (device.model.empty()) device.model = fact(host, usb + "/product");
}

BlockDevice describe(const Host& host, const std::string& disk) {
    BlockDevice device;
    device.bus = bus_of(disk);
    device.removable = fact(host, disk + "/removable") == "1";
    device.vendor = fact(host, disk + "/device/vendor");
    device.model = fact(host, disk + "/device/model");
    device.serial = fact(host, disk + "/device/serial");
    device.image = fact(host, disk + "/loop/backing_file");
    if (device.model.empty()) device.model = fact(host, disk + "/device/name");  // SD and MMC cards
    if (device.bus == "usb") fill_from_usb(host, disk, device);
    if (device.vendor.starts_with("0x")) device.vendor.clear();  // virtio: a number of its bus
    return device;
}

}  // namespace

std::shared_ptr<const BlockDevice> read_block_device(const Host& host, std::uint32_t dev) {
    std::string number = fmt::format("{}:{}", dev >> 20, dev & 0xfffff);
    for (int i = 0; i < kVolumesMax; ++i) {
        std::string disk = device_path(host, number);
        if (disk.empty()) return nullptr;
        if (host.read_file(disk + "/partition")) disk = parent(disk);
        const std::vector<std::string> below = host.list(disk + "/slaves");
        if (below.empty()) return std::make_shared<const BlockDevice>(describe(host, disk));
        number = fact(host, fmt::format("{}/slaves/{}/dev", disk, below.front()));
    }
    return nullptr;
}

}  // namespace whodid
