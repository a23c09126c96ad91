// SPDX-License-Identifier: Apache-2.0
// The hardware below a file system, from trees as sysfs has them.
#include "enrich/block_device.h"

#include <gtest/gtest.h>

#include <string>

namespace whodid {
namespace {

struct BlockDevices : testing::Test {
    RecordedHost host;

    static constexpr std::uint32_t number(std::uint32_t major, std::uint32_t minor) {
        return major << 20 | minor;
    }
    /// A disk, or a partition of it, at /sys/`path`.
    void there_is(const std::string& number, const std::string& path) {
        host.links["/sys/dev/block/" + number] = "../../" + path;
        host.files["/sys/" + path + "/dev"] = number + "\n";
    }
    void there_is_a_stick() {
        const std::string usb = "devices/pci0000:00/0000:00:14.0/usb1/1-3";
        const std::string disk = usb + "/1-3:1.0/host6/target6:0:0/6:0:0:0/block/sdb";
        there_is("8:16", disk);
        there_is("8:17", disk + "/sdb1");
        host.files["/sys/" + disk + "/sdb1/partition"] = "1\n";
        host.files["/sys/" + disk + "/removable"] = "1\n";
        host.files["/sys/" + disk + "/device/vendor"] = "SanDisk \n";
        host.files["/sys/" + disk + "/device/model"] = "Cruzer Blade    \n";
        host.files["/sys/" + usb + "/idVendor"] = "0781\n";
        host.files["/sys/" + usb + "/manufacturer"] = "SanDisk Corp.\n";
        host.files["/sys/" + usb + "/serial"] = "4C530001230517109213\n";
    }
};

TEST_F(BlockDevices, AStickAndItsPartition) {
    there_is_a_stick();
    for (const std::uint32_t minor : {16, 17}) {
        const auto device = read_block_device(host, number(8, minor));
        ASSERT_TRUE(device) << minor;
        EXPECT_TRUE(device->removable);
        EXPECT_EQ(device->bus, "usb");
        EXPECT_EQ(device->vendor, "SanDisk");
        EXPECT_EQ(device->model, "Cruzer Blade");
        EXPECT_EQ(device->serial, "4C530001230517109213");
        EXPECT_EQ(device->image, "");
    }
}

// A disk in a USB case says of itself that its medium stays in.
TEST_F(BlockDevices, ADiskByUsbCanBeTakenOut) {
    const std::string usb = "devices/pci0000:00/usb2/2-1", disk = usb + "/2-1:1.0/host7/x/block/sdc";
    there_is("8:32", disk);
    host.files["/sys/" + disk + "/removable"] = "0\n";
    host.files["/sys/" + usb + "/idVendor"] = "0bda\n";
    host.files["/sys/" + usb + "/product"] = "USB case\n";
    const auto device = read_block_device(host, number(8, 32));
    ASSERT_TRUE(device);
    EXPECT_TRUE(device->removable);
    EXPECT_EQ(device->model, "USB case");
    EXPECT_EQ(device->serial, "");
}

TEST_F(BlockDevices, DisksThatStay) {
    there_is("259:1", "devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1");
    host.files["/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1/partition"] = "1\n";
    host.files["/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/removable"] = "0\n";
    host.files["/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/device/model"] = "Samsung 990\n";
    const auto nvme = read_block_device(host, number(259, 1));
    ASSERT_TRUE(nvme);
    EXPECT_FALSE(nvme->removable);
    EXPECT_EQ(nvme->bus, "nvme");
    EXPECT_EQ(nvme->model, "Samsung 990");
    there_is("254:0", "devices/pci0000:00/0000:00:04.0/virtio1/block/vda");
    host.files["/sys/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/device/vendor"] = "0x1af4\n";
    const auto virtual_disk = read_block_device(host, number(254, 0));
    ASSERT_TRUE(virtual_disk);
    EXPECT_EQ(virtual_disk->bus, "virtio");
    EXPECT_EQ(virtual_disk->vendor, "") << "a number of the bus is no name";
}

TEST_F(BlockDevices, AnImageInAFile) {
    there_is("7:0", "devices/virtual/block/loop0");
    host.files["/sys/devices/virtual/block/loop0/removable"] = "0\n";
    host.files["/sys/devices/virtual/block/loop0/loop/backing_file"] = "/home/alice/disk.img\n";
    const auto device = read_block_device(host, number(7, 0));
    ASSERT_TRUE(device);
    EXPECT_EQ(device->bus, "loop");
    EXPECT_EQ(device->image, "/home/alice/disk.img");
    EXPECT_FALSE(device->removable);
}

TEST_F(BlockDevices, BehindAnEncryptedVolumeIsItsDisk) {
    there_is_a_stick();
    there_is("253:0", "devices/virtual/block/dm-0");
    there_is("253:1", "devices/virtual/block/dm-1");
    host.files["/sys/devices/virtual/block/dm-1/slaves/dm-0/dev"] = "253:0\n";
    host.files["/sys/devices/virtual/block/dm-0/slaves/sdb1/dev"] = "8:17\n";
    const auto device = read_block_device(host, number(253, 1));
    ASSERT_TRUE(device);
    EXPECT_EQ(device->bus, "usb");
    EXPECT_EQ(device->model, "Cruzer Blade");
}

TEST_F(BlockDevices, WhatIsNoDevice) {
    EXPECT_EQ(read_block_device(host, number(0, 45)), nullptr);
    there_is("253:0", "devices/virtual/block/dm-0");  // a volume of itself: no end
    host.files["/sys/devices/virtual/block/dm-0/slaves/dm-0/dev"] = "253:0\n";
    EXPECT_EQ(read_block_device(host, number(253, 0)), nullptr);
    host.links["/sys/dev/block/9:9"] = "nonsense";
    EXPECT_EQ(read_block_device(host, number(9, 9)), nullptr);
}

}  // namespace
}  // namespace whodid
