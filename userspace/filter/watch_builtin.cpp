// SPDX-License-Identifier: Apache-2.0
// What is watched when nobody says otherwise: where credentials are, and where what runs by itself is named.
#include "filter/watch_file.h"

namespace whodid {

std::string_view built_in_watch_file() {
    return R"(# Credentials: who reads them matters as well.
/etc/shadow rwa tag=credentials
/etc/shadow- rwa tag=credentials
/etc/gshadow rwa tag=credentials
/etc/gshadow- rwa tag=credentials
/etc/security/opasswd rwa tag=credentials
/etc/ssh/ssh_host_*_key rwa tag=credentials
/root/.ssh/id_* rwa tag=credentials
/home/*/.ssh/id_* rwa tag=credentials

# Accounts.
/etc/passwd wa tag=accounts
/etc/passwd- wa tag=accounts
/etc/group wa tag=accounts
/etc/group- wa tag=accounts
/etc/subuid wa tag=accounts
/etc/subgid wa tag=accounts

# Who may become whom.
/etc/sudoers wa tag=privilege
/etc/sudoers.d/ wa tag=privilege
/etc/doas.conf wa tag=privilege
/etc/polkit-1/ wa tag=privilege
/etc/pam.conf wa tag=privilege
/etc/pam.d/ wa tag=privilege
/etc/security/ wa tag=privilege
/usr/lib/security/ wa tag=privilege
/usr/lib/*/security/ wa tag=privilege
/usr/lib64/security/ wa tag=privilege

# ssh: the server, and who gets in.
/etc/ssh/ wa tag=ssh
/root/.ssh/ wa tag=ssh
/home/*/.ssh/ wa tag=ssh
/root/.ssh/authorized_keys* wa tag=persistence
/home/*/.ssh/authorized_keys* wa tag=persistence

# Jobs.
/etc/crontab wa tag=persistence
/etc/anacrontab wa tag=persistence
/etc/cron.d/ wa tag=persistence
/etc/cron.hourly/ wa tag=persistence
/etc/cron.daily/ wa tag=persistence
/etc/cron.weekly/ wa tag=persistence
/etc/cron.monthly/ wa tag=persistence
/etc/cron.yearly/ wa tag=persistence
/etc/cron.allow wa tag=persistence
/etc/cron.deny wa tag=persistence
/etc/at.allow wa tag=persistence
/etc/at.deny wa tag=persistence
/var/spool/cron/ wa tag=persistence
/var/spool/at/ wa tag=persistence

# Services, and what else is started at boot.
/etc/systemd/ wa tag=persistence
/run/systemd/system/ wa tag=persistence
/usr/lib/systemd/ wa tag=persistence
/usr/local/lib/systemd/ wa tag=persistence
/root/.config/systemd/ wa tag=persistence
/home/*/.config/systemd/ wa tag=persistence
/home/*/.local/share/systemd/ wa tag=persistence
/etc/init.d/ wa tag=persistence
/etc/inittab wa tag=persistence
/etc/rc.local wa tag=persistence
/etc/rc.d/ wa tag=persistence
/etc/rc?.d/ wa tag=persistence
/etc/modules wa tag=persistence
/etc/modules-load.d/ wa tag=persistence
/etc/modprobe.d/ wa tag=persistence
/etc/udev/rules.d/ wa tag=persistence
/run/udev/rules.d/ wa tag=persistence
/usr/lib/udev/rules.d/ wa tag=persistence

# What every program loads, and every shell and desktop runs.
/etc/ld.so.preload wa tag=persistence
/etc/ld.so.conf wa tag=persistence
/etc/ld.so.conf.d/ wa tag=persistence
/etc/environment wa tag=persistence
/etc/profile wa tag=persistence
/etc/profile.d/ wa tag=persistence
/etc/bash.bashrc wa tag=persistence
/etc/bashrc wa tag=persistence
/etc/zsh/ wa tag=persistence
/etc/fish/ wa tag=persistence
/etc/xdg/autostart/ wa tag=persistence
/root/.profile wa tag=persistence
/root/.bash_log* wa tag=persistence
/root/.bash_profile wa tag=persistence
/root/.bashrc wa tag=persistence
/root/.zshrc wa tag=persistence
/root/.zshenv wa tag=persistence
/root/.zprofile wa tag=persistence
/root/.zlogin wa tag=persistence
/root/.config/fish/ wa tag=persistence
/root/.config/autostart/ wa tag=persistence
/home/*/.profile wa tag=persistence
/home/*/.bash_log* wa tag=persistence
/home/*/.bash_profile wa tag=persistence
/home/*/.bashrc wa tag=persistence
/home/*/.zshrc wa tag=persistence
/home/*/.zshenv wa tag=persistence
/home/*/.zprofile wa tag=persistence
/home/*/.zlogin wa tag=persistence
/home/*/.config/fish/ wa tag=persistence
/home/*/.config/autostart/ wa tag=persistence

# What tells on somebody.
/var/log/ wa tag=logs
/etc/audit/ wa tag=logs
/etc/rsyslog.conf wa tag=logs
/etc/rsyslog.d/ wa tag=logs
/etc/whodid/ wa tag=whodid
)";
}

}  // namespace whodid
