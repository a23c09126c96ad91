// SPDX-License-Identifier: Apache-2.0
// The tables that say what is a secret where, and the lookups in them.
#include "enrich/mask_rules.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "enrich/mask_scan.h"

namespace whodid::mask_rules {
namespace {

using mask_engine::is_alnum;
using mask_engine::is_digit;
using mask_engine::is_letter;
using mask_engine::is_shouted;
using mask_engine::is_upper;

// Families of programs with the same options.
constexpr std::string_view kShells = "sh,bash,dash,zsh,ksh,mksh,csh,tcsh,ash,fish,rbash,busybox";
constexpr std::string_view kMysql =
    "mysql,mariadb,mysqldump,mariadb-dump,mysqladmin,mariadb-admin,mysqlimport,mysqlshow,mysqlcheck,"
    "mysqlslap,mysqlbinlog,mysqlpump,mysql_upgrade,mysql_secure_installation,mycli,mysqlsh,xtrabackup,"
    "mariabackup,innobackupex,mytop,mydumper,myloader";
constexpr std::string_view kPostgres =
    "psql,pg_dump,pg_dumpall,pg_restore,pg_basebackup,createdb,dropdb,createuser,vacuumdb,pgbench,"
    "reindexdb,clusterdb";
constexpr std::string_view kMongo =
    "mongo,mongosh,mongodump,mongorestore,mongoexport,mongoimport,mongostat,mongotop,mongofiles";
constexpr std::string_view kRedis = "redis-cli,redis-benchmark";
constexpr std::string_view kLdap =
    "ldapsearch,ldapadd,ldapmodify,ldapdelete,ldappasswd,ldapwhoami,ldapcompare,ldapmodrdn";
constexpr std::string_view kSnmp =
    "snmpwalk,snmpget,snmpgetnext,snmpbulkwalk,snmpbulkget,snmpset,snmptrap,snmpinform,snmptable,"
    "snmpstatus,snmpdf";
constexpr std::string_view kSamba =
    "smbclient,rpcclient,net,smbget,smbtree,smbcacls,winexe,wmic,nmblookup,samba-tool,pdbedit";
constexpr std::string_view kImpacket =
    "psexec,smbexec,wmiexec,atexec,dcomexec,secretsdump,smbserver,mssqlclient,GetUserSPNs,GetNPUsers,"
    "GetADUsers,getTGT,getST,lookupsid,ticketer,reg,services,rpcdump,samrdump,ntlmrelayx,addcomputer";

// ---- other names ------------------------------------------------------------------------------------

struct Alias {
    std::string_view names, name;
};

constexpr Alias kAliases[] = {
    {"podman,nerdctl,podman-remote", "docker"},
    {"docker-compose,podman-compose", "docker compose"},
    {"oc,kubecolor,microk8s.kubectl", "kubectl"},
    {"k3s,k0s", "microk8s"},
    {"awscli,aws2", "aws"},
    {"bao", "vault"},
    {"tofu", "terraform"},
    {"flyctl", "fly"},
    {"mcli", "mc"},
    {"pip3", "pip"},
    {"gpg2", "gpg"},
    {"xhs", "xh"},
    {"netexec,crackmapexec,cme", "nxc"},
    {"valkey-cli,keydb-cli", "redis-cli"},
};

// ---- programs ---------------------------------------------------------------------------------------

// Wrappers, and programs whose options must be told from operands or can be bundled (-xzP SECRET).
constexpr Program kPrograms[] = {
    // Shells and shell words.
    {kShells, "-O -o +O --rcfile --init-file", 0},
    {"if,then,elif,else,while,until,do,!,{,exec,command,builtin,eval,coproc", "", 0},
    {"time", "-f -o --format --output", 0},
    // Other users, other environments.
    {"sudo",
     "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --close-from --role --type", 0},
    {"doas", "-u -C -a", 0},
    {"su", "-c -s -g -G -w --command --shell --group", kNoCommand},
    {"runuser", "-u -c -s -g -G -w --user --command --shell --group", 0},
    {"pkexec", "--user", 0},
    {"setpriv", "--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --selinux-label", 0},
    {"su-exec,gosu,s6-setuidgid,machinectl shell,chroot,direnv exec,setarch", "--userspec --groups", 1},
    {"chpst,setuidgid", "-u -U -b -e -d -o -p -f -c -r -t -m -/ -n", 0},
    {"env", "-u -C --unset --chdir", 0},
    {"unshare", "-S -G -R -w --root --wd --setuid --setgid", 0},
    {"nsenter", "-t -S -G --target --setuid --setgid", 0},
    {"bwrap", "--bind --ro-bind --dev --proc --tmpfs --chdir --setenv --unsetenv", 0},
    {"systemd-run",
     "-u -p -E -H -M --unit --property --setenv --uid --gid --slice --description --on-calendar", 0},
    {"systemd-inhibit,systemd-cat", "-t -p --what --who --why --mode --identifier", 0},
    {"xvfb-run", "-e -f -n -p -s -w", 0},
    {"dbus-run-session,firejail,fakeroot,proxychains,proxychains4,torsocks,catchsegv,chronic,unbuffer,"
     "winpty,wsl",
     "", 0},
    // How it runs.
    {"nice", "-n --adjustment", 0},
    {"root,nohup,setsid,tini,dumb-init,caffeinate", "", 0},
    {"ionice", "-c -n -p", 0},
    {"stdbuf", "-i -o -e", 0},
    {"chrt,taskset,cpulimit,faketime,logsave", "-p -l", 1},
    {"flock", "-w -E -c --timeout --command", 1},
    {"timeout", "-k -s --kill-after --signal", 1},
    {"strace,ltrace", "-e -o -s -p -u -a -E -P -S", 0},
    {"valgrind,heaptrack", "", 0},
    {"perf record,perf stat,perf trace", "-o -e -F -p -C", 0},
    {"watch", "-n -d --interval", 0},
    {"xargs", "-I -i -n -P -L -d -a -E -s --max-args --max-procs --delimiter --arg-file --replace", 0},
    {"parallel", "-j -a -S -N -n --jobs --sshlogin --delay --joblog --results --timeout --colsep", 0},
    {"script", "-c -o -t -T -I -O -B --command", kNoCommand},
    // Other hosts.
    {"ssh,autossh", "-B -b -c -D -E -e -F -I -i -J -L -l -m -M -O -o -p -Q -R -S -W -w", 1},
    {"sshpass", "-p -f -d -P", 0},
    {"pdsh,clush,pssh,parallel-ssh", "-w -x -h -H -l -p -g -o -e -t -u -f", 0},
    {"rsync", "-e -f -T -B -M --rsh", kNoCommand},
    {"scp,sftp", "-c -F -i -J -l -o -P -S -D -b -B -R -s", kNoCommand},
    // Containers.
    {"docker", "-H -c -l --host --context --config --log-level --url --connection --namespace", kNoCommand},
    {"docker run,docker create,docker container run",
     "!-d -i -t -P -q --detach --interactive --tty --rm --privileged --init --read-only --no-healthcheck "
     "--publish-all --quiet --oom-kill-disable --sig-proxy --disable-content-trust --replace --tls-verify",
     1},
    {"docker exec,docker container exec,crictl exec",
     "-e -u -w --env --env-file --user --workdir --detach-keys", 1},
    {"docker compose", "-f -p --file --project-name --profile --env-file --project-directory --context",
     kNoCommand},
    {"docker compose exec,docker compose run",
     "-e -u -w -v -l --env --user --workdir --index --name --volume --entrypoint --label", 1},
    {"kubectl",
     "-n -s --namespace --context --kubeconfig --cluster --user --server --as --token --username --password",
     kNoCommand},
    {"kubectl exec,kubectl rsh", "-c -n -f --container --namespace", 1},
    {"kubectl run,kubectl debug", "-n --image --env --namespace --restart --overrides", 1},
    {"kubectl create", "-n --namespace", kNoCommand},
    {"microk8s", "", 0},
    {"lxc exec,incus exec,multipass exec", "--env --user --cwd", 1},
    {"lxc-attach", "-n -P --name", 0},
    {"nix-shell", "--run --command -p -I", kNoCommand},
    // Launchers.
    {"python,pypy,ipython", "-c -W -X", 0},
    {"perl,ruby,node,nodejs,deno,php,lua", "-e -E -r -I --eval --require", 0},
    {"npx,bunx,uvx,uv run,poetry run,pipenv run,bundle exec,pnpm exec,pnpm dlx,yarn exec,conda run,mise exec",
     "-p -n --package --python --with", 0},
    {"op run,doppler run,infisical run,dotenv run,dotenv", "-p -c -f --project --config --env-file --env", 0},
    {"aws-vault exec,chamber exec,heroku run,wait-for-it,wait-for-it.sh,envchain",
     "-d -t -a --duration --app", 1},
    // Programs whose words are patterns, packages or names.
    {"grep,egrep,fgrep,zgrep,pgrep,pkill,rg,ag,ack,sed,gsed,awk,gawk,mawk,nawk,man,info,apropos,whatis,"
     "git grep",
     "-e -f -A -B -C -m -F -v -t -g -M --regexp --file --include --exclude", kSearches},
    {"apt,apt-get,apt-cache,dpkg,dnf,yum,rpm,zypper,apk,pacman,brew,locate,which,type,whereis", "",
     kSearches},
    // Programs that bundle options or whose operands are counted.
    {"curl",
     "-A -b -c -C -d -D -e -E -F -h -H -K -m -o -P -Q -r -t -T -u -U -w -x -X -y -Y -z --data --data-raw "
     "--data-binary --data-urlencode --json --output --request --url --user-agent --referer --max-time "
     "--connect-timeout --cacert --cert --key --cookie-jar --form --write-out --retry --range --resolve",
     kNoCommand},
    {"wget", "-o -a -e -i -O -t -T -w -Q -P -U -l -A -R -D -I -X", kNoCommand},
    {"http,https,xh,xhs", "-a -o -A -s -p --auth --auth-type --output --session", kNoCommand},
    {"unzip", "-d -x -P", kNoCommand},
    {"zip", "-b -i -x -n -t -tt -O -P", kNoCommand},
    {"smbclient", "-A -b -c -d -D -I -l -L -m -M -n -O -p -R -s -t -T -U -W", kNoCommand},
    {"mosquitto_pub,mosquitto_sub,mosquitto_rr", "-A -f -h -i -I -k -L -m -M -p -P -q -t -u -V -e",
     kNoCommand},
    {kSnmp, "-v -c -r -t -a -A -e -E -l -n -u -x -X -Z -m -M -C -L -P -O -I", kNoCommand},
    {kLdap, "-a -b -d -D -e -E -f -h -H -l -o -O -p -P -R -s -S -T -U -w -X -y -Y -z", kNoCommand},
    {kRedis, "-h -p -s -a -u -r -i -n -d -D -t --user --pass --cacert --cert --key", kNoCommand},
    {"ipmitool", "-I -H -U -p -P -f -k -y -A -C -L -b -t -B -T -o -O -S -d -D -N -R", kNoCommand},
    {"htpasswd", "-C -r", kNoCommand},
    {"mkpasswd", "-m -S -R -P --method --salt --rounds --password-fd", kNoCommand},
    {"isql,iusql", "-d -x -m -l", kNoCommand},
    {"vault", "-address -namespace -ca-cert -format -field -mount -path -method -wrap-ttl -header",
     kNoCommand},
    {"mc", "--config-dir -C", kNoCommand},
    {"nmcli", "-f -g -w -m --fields --get-values --mode --wait", kNoCommand},
    {"mysqladmin", "-u -h -P -S -i -c -r --user --host --port --socket", kNoCommand},
    {"rabbitmqctl", "-n -p --node --vhost", kNoCommand},
    {kImpacket, "-hashes -aesKey -dc-ip -target-ip -port -codec -share -outputfile -request-user -keytab -db",
     kNoCommand},
    {"useradd,usermod,adduser,luseradd", "-b -c -d -e -f -g -G -k -K -l -p -R -s -u -Z", kNoCommand},
    {"sqlplus", "-C -M -R", kNoCommand},
    {"git", "-C -c --git-dir --work-tree --namespace", kNoCommand},
    {"aws", "--profile --region --output --endpoint-url --query", kNoCommand},
    {"az,gcloud,gh,glab,helm,terraform,pulumi,fly", "-C -t --project --account --subscription --repo",
     kNoCommand},
    {"openssl passwd", "-salt -in", kNoCommand},
    {"radtest", "-d -t -P -x", kNoCommand},
    {"ansible-vault", "--vault-id --vault-password-file --name -n --encrypt-vault-id --output", kNoCommand},
    {"tmux", "-S -L -f -c -t -s -n -x -y -F", kNoCommand},
    {"screen", "-S -t -p -c -s -e -h -T", kNoCommand},
};

// ---- options ----------------------------------------------------------------------------------------

constexpr OptionRule kOptions[] = {
    // Shells, remote shells, things that are told a command line.
    {kShells, "-c", kNext, Secret::kLine},
    {"su,runuser,script,flock,vagrant ssh", "-c --command", kEither, Secret::kLine},
    {"nix-shell", "--run --command", kEither, Secret::kLine},
    {"gcloud compute ssh", "--command", kEither, Secret::kLine},
    {"fly ssh", "-C --command", kEither, Secret::kLine},
    {"az vm run-command", "--scripts", kEither, Secret::kLine},
    {"ansible", "-a --args", kEither, Secret::kLine},
    {"rsync", "-e --rsh", kEither, Secret::kLine},
    {"xterm,gnome-terminal,konsole,urxvt,alacritty,kitty", "-e -x --", kNext, Secret::kCommand},
    {"encfs,gocryptfs", "--extpass -extpass", kEither, Secret::kLine},
    {"kadmin,kadmin.local", "-q", kEither, Secret::kLine},
    {"addprinc,cpw,change_password,add_principal,ank", "-pw", kNext, Secret::kAll},
    {"find,fd,fdfind", "-exec -execdir -ok -okdir -x -X --exec --exec-batch", kNext, Secret::kCommand},
    {"gdb,lldb", "--args --", kNext, Secret::kCommand},
    {"expect,autoexpect", "-c", kEither, Secret::kExpect},

    // Databases.
    {kMysql, "-p --password --password1 --password2 --password3", kAttached, Secret::kAll},
    {kPostgres, "--password -W", kAttached, Secret::kNone},  // "ask for it", no value
    {"sqlcmd,bcp,osql,tsql,fisql,defncopy,isql-fb", "-P", kEither, Secret::kAll},
    {"isql,gbak,gfix,gsec,nbackup", "-password -pas -pw", kNext, Secret::kAll},
    {"rman,sqlldr,exp,imp,expdp,impdp", "userid=", kAttached, Secret::kUserSlash},
    {kMongo, "-p --password", kMaybe, Secret::kAll},
    {kRedis, "-a --pass", kEither, Secret::kAll},
    {"redis-cli", ">", kAttached, Secret::kAll},  // ACL SETUSER bob >SECRET
    {"mt-bulk", "--new --old", kEither, Secret::kAll},
    {"cqlsh,dsbulk", "-p --password", kMaybe, Secret::kAll},
    {"nodetool", "-pw --password", kEither, Secret::kAll},
    {"influx", "-password -t --token", kEither, Secret::kAll},
    {"hdbsql,beeline,sqlline,ksql", "-p", kMaybe, Secret::kAll},
    {"vsql", "-w", kEither, Secret::kAll},
    {"sqoop", "-p --password", kMaybe, Secret::kAll},
    {"etcdctl", "--user", kEither, Secret::kUserColon},
    {"cypher-shell,arangosh,arangodump,couchbase-cli,cbq,cbbackupmgr", "-p --password --server.password",
     kMaybe, Secret::kAll},
    {"rabbitmqadmin", "-p --password", kEither, Secret::kAll},
    {"mosquitto_pub,mosquitto_sub,mosquitto_rr", "-P --pw", kEither, Secret::kAll},
    {"elasticsearch-users", "-p", kEither, Secret::kAll},

    // HTTP.
    {"curl", "-u --user -U --proxy-user --tlsuser", kEither, Secret::kUserColon},
    {"curl", "-E --cert --proxy-cert", kEither, Secret::kUserColon},
    {"curl", "-x --proxy --preproxy --socks5", kEither, Secret::kLogin},
    {"curl,wget,ab,hey,wrk,xh,http,https,gh,glab,vegeta,k6,siege,httpx,nuclei,ffuf,gobuster,sqlmap,hurl,"
     "websocat,wscat,grpcurl",
     "-H --header --proxy-header", kEither, Secret::kHeader},
    {"curl,ab", "-b --cookie -C", kEither, Secret::kCookie},
    {"curl", "--oauth2-bearer --pass --proxy-pass --tlspassword --proxy-tlspassword", kEither, Secret::kAll},
    {"http,https,xh,xhs,hey,newman", "-a --auth", kEither, Secret::kUserColon},
    {"ab", "-A -P", kEither, Secret::kUserColon},
    {"youtube-dl,yt-dlp", "-p --password -2 --twofactor --video-password", kEither, Secret::kAll},
    {"swaks", "-ap --auth-password", kEither, Secret::kAll},
    {"sendemail,sendEmail", "-xp", kNext, Secret::kAll},

    // Remote access and file transfer.
    {"sshpass", "-p", kEither, Secret::kAll},
    {"plink,pscp,psftp,puttygen", "-pw --pw", kNext, Secret::kAll},
    {"ssh-keygen", "-N -P", kEither, Secret::kAll},
    {kSamba, "-U --user --username", kEither, Secret::kUserPercent},
    {"smbmap,nxc,netexec,crackmapexec,evil-winrm,certipy,bloodhound-python,kerbrute,hydra,medusa",
     "-p --password", kEither, Secret::kAll},
    {"nxc,netexec,crackmapexec,evil-winrm", "-H", kEither, Secret::kAll},
    {"lftp", "-e -c", kEither, Secret::kLine},
    {"lftp,ncftp,open", "-u --user", kEither, Secret::kUserComma},
    {"ncftp,ncftpget,ncftpput,ncftpls", "-p", kEither, Secret::kAll},
    {"xfreerdp,xfreerdp3,wlfreerdp,wlfreerdp3,sdl-freerdp,freerdp",
     "/p: /gp: /pass: /password: /gateway-password: /proxy-password:", kAttached, Secret::kAll},
    {"rdesktop", "-p", kEither, Secret::kAll},
    {"ntlmrelayx,nxc", "-c -x -X", kEither, Secret::kLine},
    {"vncviewer,vncconnect", "-passwd", kNext, Secret::kNone},  // a file
    {"net", "password=", kAttached, Secret::kAll},
    {"openconnect", "-p --key-password", kEither, Secret::kAll},
    {"openvpn", "--auth-user-pass --askpass --secret --tls-auth", kEither, Secret::kNone},  // files
    {kSnmp, "-A -X -3k -3K", kEither, Secret::kAll},
    {kSnmp, "-c", kEither, Secret::kCommunity},
    {"snmp-check,onesixtyone,braa,check_snmp", "-c -C --community", kEither, Secret::kCommunity},
    {"check_snmp", "-A -X", kEither, Secret::kAll},
    {"check_mysql,check_mysql_query,check_pgsql", "-p --password", kEither, Secret::kAll},
    {"check_http,check_http2,check_curl", "-a --authorization -b --proxy-authorization", kEither,
     Secret::kUserColon},
    {"ipmitool", "-P -k -y", kEither, Secret::kAll},
    {"ipmi-power,ipmi-sel,ipmi-sensors,ipmi-chassis,ipmipower,bmc-info,ipmiconsole", "-p --password -k --k-g",
     kEither, Secret::kAll},
    {"racadm,redfishtool,ilorest", "-p -P --password", kEither, Secret::kAll},
    {"sqlmap", "--auth-cred --proxy-cred", kEither, Secret::kUserColon},
    {"nikto,nikto.pl", "-id", kEither, Secret::kUserColon},

    // Directories, accounts, Kerberos.
    {"dsconf,dsidm", "-w", kEither, Secret::kAll},
    {kLdap, "-w", kEither, Secret::kAll},
    {"ldappasswd", "-a -s", kEither, Secret::kAll},
    {"slappasswd", "-s", kEither, Secret::kAll},
    {"kadmin,ipa-client-install,ipa-server-install,ipa-replica-install,ipa-getkeytab,kadmin.local", "-w -a",
     kEither, Secret::kAll},
    {"ipa", "--password --random --random-password", kAttached, Secret::kNone},
    {"useradd,usermod,adduser,luseradd,groupadd,groupmod", "-p --password", kEither, Secret::kAll},
    {"lusermod,luseradd", "-P --plainpassword", kEither, Secret::kAll},
    {"doveadm pw,caddy hash-password", "-p --plaintext", kEither, Secret::kAll},

    // Containers and orchestration.
    {"docker login,buildah login,skopeo login,helm registry,oras login,crane auth,regctl registry,cosign "
     "login",
     "-p --password", kEither, Secret::kAll},
    // These name a secret and do not hold it.
    {"docker,buildah,kaniko,buildctl", "--secret", kEither, Secret::kNone},
    {"docker config,docker service,docker stack", "--secret-add --secret-rm --secret", kEither,
     Secret::kNone},
    {"docker,buildah,skopeo,crictl", "--creds --src-creds --dest-creds", kEither, Secret::kUserColon},
    {"ctr images,ctr image,ctr i,ctr content", "-u --user", kEither, Secret::kUserColon},
    {"kubectl create secret", "--from-literal", kEither, Secret::kValues},
    {"kubectl login", "-p --password", kEither, Secret::kAll},
    {"credhub,faas-cli login", "-p --password", kEither, Secret::kAll},
    {"fly login", "-p --password", kEither, Secret::kAll},

    // Clouds and services.
    {"az login,az acr", "-p --password", kEither, Secret::kAll},
    {"az keyvault", "--value", kEither, Secret::kAll},
    {"aws ssm", "--value", kEither, Secret::kAll},
    {"aws,gcloud,az,fly", "--secret-id --secret", kEither, Secret::kNone},  // the name of a stored secret
    {"gcloud", "--update-secrets --set-secrets --secret-environment-variable", kEither, Secret::kNone},
    {"cf login,ibmcloud login,bx login", "-p --apikey", kEither, Secret::kAll},
    {"gh secret,glab variable", "-b --body -v --value", kEither, Secret::kAll},
    {"vercel,netlify,surge", "-t --token --auth", kEither, Secret::kAll},
    {"consul,nomad", "-token", kEither, Secret::kAll},
    {"consul,nomad", "-http-auth", kEither, Secret::kUserColon},
    {"gitlab-runner register,gitlab-ci-multi-runner register", "-r -t --registration-token --token", kEither,
     Secret::kAll},
    {"java,jenkins-cli,jenkins-cli.jar", "-auth", kNext, Secret::kUserColon},
    {"p4,tf,cm", "-P", kEither, Secret::kAll},
    {"irssi,weechat", "-w", kEither, Secret::kAll},
    {"pk12util", "-W -K", kNext, Secret::kAll},
    {"transmission-remote", "-n", kEither, Secret::kUserColon},
    {"msfconsole", "-x", kEither, Secret::kLine},
    {"dislocker", "-u -p", kAttached, Secret::kAll},
    {"qpdf", "--encrypt", kNext, Secret::kTwo},
    {"swift", "-K --key", kEither, Secret::kAll},
    {"security", "-p -P", kEither, Secret::kAll},
    {"ipa-server-install,ipa-replica-install", "-p -a", kEither, Secret::kAll},
    {"s3cmd,s5cmd,rclone,minio", "--access_key --access-key", kEither, Secret::kNone},  // an id
    {"virt-customize,virt-builder,virt-sysprep", "--root-password", kEither, Secret::kPassSource},
    {"twine,poetry publish,conan user,conan remote,uv publish,flit publish", "-p --password", kMaybe,
     Secret::kAll},
    {"nuget,dotnet nuget,choco push,nuget.exe", "-ApiKey -k --api-key -Password", kEither, Secret::kAll},
    {"rclone,restic,borg,borgmatic,kopia,duplicity", "--password-command", kEither, Secret::kLine},
    {"jq,yq,gojq", "--arg --argjson", kNext, Secret::kNamedNext},
    {"xsltproc", "--param --stringparam", kNext, Secret::kNamedNext},

    // Keys, certificates, archives, disks.
    {"openssl", "-passin -passout -pass -password -passcerts -cert_pass -storepass", kNext,
     Secret::kPassSource},
    {"openssl", "-k -K -psk -hmac -srppass -secret", kNext, Secret::kAll},
    {"keytool,jarsigner,apksigner",
     "-storepass -keypass -srcstorepass -deststorepass -destkeypass -srckeypass -new --ks-pass --key-pass",
     kNext, Secret::kPassSource},
    {"gpg,gpgsm", "--passphrase", kEither, Secret::kAll},
    {"7z,7za,7zr,7zz,p7zip", "-p", kAttached, Secret::kAll},
    {"rar,unrar", "-p -hp", kAttached, Secret::kAll},
    {"zip,unzip,zipcloak,zipinfo,funzip", "-P --password", kEither, Secret::kAll},
    {"unar,lsar,bsdtar", "-p -password --passphrase", kEither, Secret::kAll},
    {"bsdtar", "-p", kAttached, Secret::kNone},
    {"pdftotext,pdfinfo,pdftoppm,pdftops,pdfimages,pdftocairo,pdfdetach", "-upw -opw", kNext, Secret::kAll},
    {"veracrypt,truecrypt,tcplay", "-p --password", kMaybe, Secret::kAll},
    {"pkcs11-tool,pkcs15-tool,softhsm2-util,yubico-piv-tool,ykman,p11tool,tpm2_create,tpm2_unseal,"
     "pkcs15-init",
     "-p --pin --so-pin --new-pin --puk --set-pin -P --management-key --key-auth", kMaybe, Secret::kAll},
    {"openvas-cli,gvm-cli,omp", "-w --gmp-password", kEither, Secret::kAll},
    {"msoffcrypto-tool", "-p --password", kMaybe, Secret::kAll},

    // Not secrets, although they look it.
    {"ffmpeg,ffprobe,x264,x265,HandBrakeCLI,vpxenc,aomenc", "-pass --pass --passes", kEither, Secret::kNone},
    {"pass,gopass", "--password", kAttached, Secret::kNone},
    {"pulumi", "--secret --plaintext", kAttached, Secret::kNone},
    {kImpacket, "-hashes -aesKey -nthash -computer-pass -password", kNext, Secret::kAll},
};

// ---- operands ---------------------------------------------------------------------------------------

constexpr OperandRule kOperands[] = {
    {"mysqladmin,mariadb-admin", "... password|old-password *", Secret::kAll, ""},
    {kRedis, "... auth * $", Secret::kAll, ""},
    {kRedis, "... auth _ * $", Secret::kAll, ""},
    {kRedis, "... requirepass|masterauth|sentinel-pass *", Secret::kAll, ""},
    {"grafana-cli,grafana", "... reset-admin-password *", Secret::kAll, ""},
    {"virsh", "set-user-password _ _ *", Secret::kAll, ""},
    {"db2", "... using *", Secret::kAll, ""},
    {"connect", "_ _ *", Secret::kAll, ""},
    {"ansible-vault", "encrypt_string *", Secret::kAll, ""},
    {"radtest", "_ *", Secret::kAll, ""},
    {"radtest", "_ _ _ _ *", Secret::kAll, ""},
    {"teamviewer", "passwd *", Secret::kAll, ""},
    {"user", "_ * $", Secret::kAll, ""},
    {"isql,iusql", "_ _ *", Secret::kAll, ""},
    {"sqlplus,rman,exp,imp,expdp,impdp,sqlldr,sqlcl", "... *", Secret::kUserSlash, ""},
    {"rabbitmqctl", "add_user|change_password|authenticate_user _ *", Secret::kAll, ""},
    {"mosquitto_passwd", "_ _ *", Secret::kAll, "-b"},
    {"htpasswd", "_ _ *", Secret::kAll, "-b"},
    {"htpasswd", "_ *", Secret::kAll, "-n"},
    {"mkpasswd", "*", Secret::kAll, ""},
    {"openssl passwd", "*...", Secret::kAll, ""},
    {"cypher-shell,neo4j-admin", "... set-initial-password *", Secret::kAll, ""},
    {"doveadm auth", "test|login _ *", Secret::kAll, ""},
    {"net", "user !add|delete|del|info|rename *", Secret::kAll, ""},
    {"net", "rpc|ads user add|password _ *", Secret::kAll, ""},
    {"net", "use _ *", Secret::kAll, ""},
    {"net", "setauthuser *", Secret::kUserPercent, ""},
    {"samba-tool", "user|domain create|add|setpassword _ *", Secret::kAll, ""},
    {"smbclient", "_ *", Secret::kAll, ""},
    {"smbpasswd", "_ *", Secret::kAll, ""},
    {"ipmitool", "user set password _ *", Secret::kAll, ""},
    {"ipmitool", "... bmc key|snmp *", Secret::kCommunity, ""},
    {"wpa_passphrase", "_ *", Secret::kAll, ""},
    {"wpa_cli,nmcli,iwctl,wg,pdftk,connmanctl,uci", "... ? *", Secret::kAll, ""},
    {"iwconfig", "... key|enc *", Secret::kAll, ""},
    {"iw", "... key|keys *", Secret::kAll, ""},
    {"pppd,chat", "... password *", Secret::kAll, ""},
    {"ip", "... secret|key *", Secret::kAll, "xfrm"},
    {"vault login,vault unwrap", "*", Secret::kUnnamed, ""},
    {"vault token", "lookup|revoke|renew|capabilities *", Secret::kAll, ""},
    {"vault operator", "unseal *", Secret::kAll, ""},
    {"vault kv", "put|patch _ *...", Secret::kValues, ""},
    {"mc", "alias set _ _ _ *", Secret::kAll, ""},
    {"mc", "config host add _ _ _ *", Secret::kAll, ""},
    {"mc", "admin user add _ _ *", Secret::kAll, ""},
    {"aws configure", "set ? *", Secret::kAll, ""},
    {"npm,pnpm,yarn,pip,gcloud,snap,conda,cargo,glab,doctl,gh,heroku,hub,sf,drush,wp,composer,poetry,tmux,"
     "launchctl,wrangler,oci,aliyun,lxc,incus,argocd,vercel",
     "... set|update|add|setenv|set-environment|setenv ? *", Secret::kAll, ""},
    {"git config,rclone config,defaults,dconf,crudini", "... ? *", Secret::kAll, ""},
    {"set,setenv,setx", "? *", Secret::kAll, ""},
    {"composer", "config _ _ *", Secret::kAll, "http-basic"},
    {"poetry", "config _ _ *", Secret::kAll, "http-basic"},
    {"poetry", "config _ *", Secret::kAll, "pypi-token"},
    {"bundle", "config|set _ *", Secret::kUserColon, ""},
    {"bundle", "config set _ *", Secret::kUserColon, ""},
    {"cargo", "login *", Secret::kAll, ""},
    {"nuget", "setapikey *", Secret::kAll, ""},
    {"ngrok", "authtoken *", Secret::kAll, ""},
    {"ngrok", "config add-authtoken *", Secret::kAll, ""},
    {"cloudflared", "service install *", Secret::kAll, ""},
    {"pulumi", "config set _ *", Secret::kAll, "--secret"},
    {"fly secrets,supabase secrets", "set|import *...", Secret::kValues, ""},
    {"cf", "auth _ *", Secret::kAll, ""},
    {"bw,rbw,ectool,twilio", "login _ *", Secret::kAll, ""},
    {"bw", "unlock *", Secret::kAll, ""},
    {"rclone", "obscure|reveal *", Secret::kAll, ""},
    {"oathtool,totp", "*", Secret::kAll, ""},
    {"salt,salt-call,salt-ssh", "... cmd.run|cmd.shell *", Secret::kLine, ""},
    {kImpacket, "... *", Secret::kTarget, ""},
    {"curl,wget,lftp,ftp,ncftp,http,https,mysqlsh,httpx,axel,aria2c", "... *", Secret::kLogin, ""},
};

// ---- input ------------------------------------------------------------------------------------------

constexpr InputRule kInputs[] = {
    {"chpasswd,chgpasswd", "", Secret::kUserColon},
    {"debconf-set-selections", "", Secret::kAnswers},
    {"anydesk", "--set-password", Secret::kAll},
    {"ftp,lftp", "", Secret::kLine},
    {"passwd,smbpasswd,htpasswd,vncpasswd,tigervncpasswd,ldappasswd,kpasswd,saslpasswd2,ldapsearch,"
     "slappasswd",
     "", Secret::kAll},
    {"sudo", "-S", Secret::kAll},
    {"su,kinit,cryptsetup,veracrypt,ecryptfs-add-passphrase,ecryptfs-mount-private,openconnect,sshfs,"
     "mkpasswd,secret-tool,keepassxc-cli,systemd-ask-password,grub-mkpasswd-pbkdf2,pass,kadmin,"
     "mount.ecryptfs,wpa_passphrase,realm,ssh-add",
     "", Secret::kAll},
    {"docker,podman,nerdctl,helm,oc,buildah,skopeo,crane,oras,kubectl", "--password-stdin", Secret::kAll},
    {"docker,podman", "secret", Secret::kAll},
    {"gh,glab,sentry-cli,vercel", "--with-token", Secret::kAll},
    {"gh", "secret", Secret::kAll},
    {"glab", "--stdin", Secret::kAll},
    {"gpg,gpg2", "--passphrase-fd", Secret::kAll},
    {"gcloud", "secrets", Secret::kAll},
    {"wrangler", "secret", Secret::kAll},
    {"vault", "login", Secret::kAll},
    {"vault", "password=-", Secret::kAll},
    {"openssl", "stdin", Secret::kAll},
    {"zfs", "load-key", Secret::kAll},
    {"nc,ncat,netcat,telnet,socat,redis-cli,openssl", "", Secret::kDialog},
    {kShells, "", Secret::kLine},
    {"ssh,at,batch,crontab", "", Secret::kLine},
};

struct SecretFile {
    std::string_view names;
    Secret secret;
};

constexpr SecretFile kFiles[] = {
    {".htpasswd rsyncd.secrets passwd-s3fs sasl_passwd", Secret::kUserColon},
    {".pgpass", Secret::kLastField},
    {".netrc .authinfo", Secret::kAnswers},
    {"chap-secrets pap-secrets", Secret::kThirdWord},
};

// ---- shapes -----------------------------------------------------------------------------------------

constexpr TokenShape kTokens[] = {
    // Source hosting and build services.
    {"ghp_ gho_ ghu_ ghs_ ghr_ bkua_", "", 20},
    {"github_pat_ CCIPAT_", "_", 20},
    {"glpat- glrt- gldt- glptt- glcbt- glsoat- glft-", "-_.", 12},
    {"ATATT3 ATCTT3 ATBB", "-_=", 20},
    // Chat.
    {"xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xoxe. xapp-", "-.%", 10},
    // Payment and shops.
    {"sk_live_ sk_test_ rk_live_ rk_test_", "_", 10},
    {"whsec_", "+/=", 16},
    {"sq0atp- sq0csp-", "-_", 16},
    {"shpat_ shpss_ shpca_ shppa_", "", 20},
    // Clouds.
    {"AIza", "-_", 30},
    {"ya29. GOCSPX-", "-_.", 16},
    {"dop_v1_ doo_v1_ dor_v1_ fo1_", "_-", 20},
    {"dapi pul-", "-", 32},
    {"hvs. hvb. hvr.", "-_", 20},
    {"tskey-", "-", 16},
    {"fm2_", "+/=_", 20},
    {"dp.pt. dp.st.", "._-", 20},
    {"ops_eyJ", "-_=", 40},
    // Language models.
    {"sk- xai- nvapi- pplx-", "-_", 20},
    {"hf_ gsk_ r8_", "", 20},
    // Packages, monitoring, mail, the rest.
    {"npm_ rubygems_ ntn_", "", 30},
    {"pypi-", "-_", 40},
    {"dckr_pat_ dckr_oat_", "-_", 16},
    {"SG.", "-_.", 30},
    {"key- xkeysib-", "-", 32},
    {"NRAK- lin_api_ sntryu_", "", 20},
    {"glsa_ glc_ sntrys_ figd_", "-_+/=", 20},
    {"PMAK- amzn.mws.", "-", 30},
    {"AGE-SECRET-KEY-1", "", 30},
    // Password hashes: what a cracker starts from.
    {"$1$ $apr1$ {SSHA} {SHA} {SSHA512}", "./$+=", 20},
    {"$5$ $6$ $y$ $7$ $2a$ $2b$ $2y$ $argon2 {ARGON2} SCRAM-SHA-256$", "./$=,+:", 38},
};

constexpr SecretPath kSecretPaths[] = {
    {"hooks.slack.com/services/", " "},         {"hooks.slack.com/workflows/", " "},
    {"discord.com/api/webhooks/", " "},         {"discordapp.com/api/webhooks/", " "},
    {"outlook.office.com/webhook/", " "},       {"webhook.office.com/webhookb2/", " "},
    {"hooks.zapier.com/hooks/catch/", " "},     {"api.telegram.org/bot", "/"},
    {"rtmp.youtube.com/live2/", " "},           {"live.twitch.tv/app/", " "},
    {"live-api-s.facebook.com:443/rtmp/", " "}, {"/with/key/", "/"},
};

// ---- names ------------------------------------------------------------------------------------------

// A word of a name that ends in one of these means a secret wherever it stands in the name.
constexpr std::string_view kNouns =
    "password passwd passphrase passcode passkey passwort passw pswd secret token credential credentials "
    "apikey accesskey secretkey privatekey authkey accountkey sharedkey masterkey requirepass masterauth";
// These only as the last word: "--pass 2" and "DB_PASS", but not "pass-through".
constexpr std::string_view kLastNouns = "pass pwd pw psk";
constexpr std::string_view kNotNouns =
    "bypass compass trespass surpass encompass getpass askpass nopassword nopasswd nopass oldpwd "
    "underpass overpass multipass onepass singlepass detoken";
// "api key", "access key": the word before "key".
constexpr std::string_view kKeyKinds =
    "api access secret private account master encryption encrypt signing auth license shared preshared "
    "jwt fernet app storage subscription session hmac consumer unseal recovery ingest ingestion "
    "integration routing management cipher crypt admin";
// "secret file", "token ttl": the last word says it is about a secret, not one.
constexpr std::string_view kAboutLast =
    "file files filename path paths dir directory id ids name names type types ttl length len size count "
    "expiry expires expire expiration policy policies prompt stdin fd env var cmd command program helper "
    "age days min max mode field version arn ref store provider url uri endpoint host port limit budget "
    "format enabled enable disabled required hint encoding alg algorithm auth authentication manager "
    "generator index column prefix suffix regex pattern reset change changed service class source backend "
    "engine wait timeout tries retries interval user username owner role scope scopes audience issuer "
    "through socket lifetime method map mount refresh rotate rotation inputmode echo check validation "
    "strength history review namespace warn quality agent duration period header headers reuse accessor "
    "search config configuration configurations settings units options attributes spec";
// "--no-password", "--ask-pass": the first word says so.
constexpr std::string_view kAboutFirst =
    "no ask prompt show hide require without disable enable allow skip has is existing pull image force "
    "check print list generate random disabled dry pad eos bos unk sep cls mask stop special max min two "
    "one multi";
// "next token", "idempotency token": the word before "token".
constexpr std::string_view kPlainTokens =
    "next start starting continue continuation page pagination sequence lock change idempotency request "
    "action unit product resume sync";
constexpr std::string_view kNotNames = "PWD OLDPWD wpa-psk";
constexpr std::string_view kWholeNames = "_auth auth_key sonar.login Dsonar.login sas rpcauth secret_id otp";
struct Call {
    std::string_view functions;
    int argument;
};
constexpr Call kCalls[] = {
    {"password old_password bcrypt make_password generate_password_hash password_hash set_password "
     "check_password hashpw crypt",
     1},
    {"login authenticate HTTPBasicAuth auth changeUserPassword", 2},
    {"create_superuser create_user", 3},
};
constexpr std::string_view kPlainP =
    "cp rsync journalctl tar install mkdir ps lsof git systemd-run nmap screen scp ssh sftp nc socat "
    "chmod touch";
constexpr std::string_view kLogins =
    "auth basic-auth basicauth http-auth http-basic-auth proxy-auth proxy-user proxy-userpwd auth-cred "
    "creds userpass user-pass userpwd login-credentials";
constexpr std::string_view kHeaders =
    "authorization proxy-authorization cookie set-cookie x-cookie api-key apikey x-api-key x-api-token "
    "x-auth-token x-auth-key x-access-token x-csrf-token x-subject-token x-vault-token x-consul-token "
    "x-nomad-token x-amz-security-token x-goog-api-key x-functions-key ocp-apim-subscription-key "
    "x-rapidapi-key private-token job-token deploy-token x-gitlab-token circle-token x-hub-signature-256 "
    "x-sentry-token x-shopify-access-token dd-api-key dd-application-key x-jfrog-art-api x-plex-token "
    "x-emby-token x-mbx-apikey x-redmine-api-key";
constexpr std::string_view kParameters =
    "sig signature x-amz-signature x-goog-signature x-oss-signature x-cos-signature oauth_signature auth "
    "authtoken ticket sid session sessionid phpsessid jsessionid otp jwt assertion samlresponse hmac";
constexpr std::string_view kVagueParameters = "key code k hash t auth_key api appkey";
constexpr std::string_view kSchemes =
    "bearer basic digest token negotiate ntlm apikey api-token apitoken key aws4-hmac-sha256 hawk splunk "
    "bot sso-key sharedkey sharedaccesssignature snowflake pveapitoken oauth jwt genie";
constexpr std::string_view kPlainKeys =
    "user username login host hostname server port database dbname email url role_id name type ttl policies";
constexpr std::string_view kPlainValues =
    "true false yes no none null nil on off 0 1 - ask stdin prompt undefined";
constexpr std::string_view kPlainPrefixes =
    "-- file: env: fd: sha256: sha512: op:// arn: vault: ssm: keyring: secretref: projects/ AKIA ASIA @/ "
    "@./ @~/ ./ ../ ~/";
constexpr std::string_view kTopDirectories =
    "etc home root var run tmp opt usr mnt srv dev proc sys data app bin sbin boot lib media nix secrets "
    "vault workspace builds code config certs keys";
constexpr std::string_view kFileEndings =
    ".pem .key .json .txt .crt .p12 .pfx .jks .yml .yaml .ppk .der .conf .env .asc .gpg";

// ---- lookups ----------------------------------------------------------------------------------------

using Index = std::unordered_map<std::string_view, Tool>;

// Calls `f` with the entry of each name. "kubectl create secret" makes entries of "kubectl" and "kubectl
// create" too, so that it can be found word by word.
template <class F>
void for_each_entry(Index& index, std::string_view names, F f) {
    any_of(names, ',', [&](std::string_view name) {
        for (size_t blank = 0; (blank = name.find(' ', blank)) != name.npos; ++blank)
            index[name.substr(0, blank)];
        f(index[name]);
        return false;
    });
}

Index build_index() {
    Index index;
    for (const Program& row : kPrograms)
        for_each_entry(index, row.names, [&](Tool& tool) { tool.program = &row; });
    for (const OptionRule& row : kOptions)
        for_each_entry(index, row.programs, [&](Tool& tool) { tool.options.push_back(&row); });
    for (const OperandRule& row : kOperands)
        for_each_entry(index, row.programs, [&](Tool& tool) { tool.operands.push_back(&row); });
    return index;
}

using TokenIndex = std::array<std::vector<TokenPrefix>, 256>;

TokenIndex build_token_index() {
    TokenIndex index;
    for (const TokenShape& shape : kTokens)
        any_of(shape.prefixes, ' ', [&](std::string_view prefix) {
            index[static_cast<unsigned char>(prefix[0])].push_back({prefix, &shape});
            return false;
        });
    return index;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool listed(std::string_view list, std::string_view name) {
    return any_of(list, ' ', [&](std::string_view entry) { return equal_ignoring_case(entry, name); });
}

bool ends_in_one_of(std::string_view list, std::string_view word) {
    return any_of(list, ' ', [&](std::string_view ending) { return word.ends_with(ending); });
}

// The words of a name in lower case: "keyStorePassword2" is key, store, password.
class NameWords {
public:
    explicit NameWords(std::string_view name) {
        for (size_t i = 0; i < name.size(); ++i) add(name, i);
        end_word();
    }
    std::span<const std::string_view> all() const { return {words_.data(), count_}; }

private:
    void add(std::string_view name, size_t i) {
        char c = name[i];
        bool hump = is_upper(c) && i > 0 &&
                    (!is_upper(name[i - 1]) ||
                     (i + 1 < name.size() && lower(name[i + 1]) == name[i + 1] && is_letter(name[i + 1])));
        if (!is_letter(c) || hump) end_word();
        if (is_letter(c) && length_ < bytes_.size()) bytes_[length_++] = lower(c);
    }
    void end_word() {
        if (length_ > start_ && count_ < words_.size())
            words_[count_++] = std::string_view(bytes_.data() + start_, length_ - start_);
        start_ = length_;
    }
    std::array<char, 96> bytes_{};
    std::array<std::string_view, 16> words_{};
    size_t length_ = 0, start_ = 0, count_ = 0;
};

// "password" of "auth.password", but "secret.key" of "s3a.secret.key".
std::string_view last_part(std::string_view name) {
    size_t dot = name.rfind('.');
    if (dot == name.npos) return name;
    std::string_view last = name.substr(dot + 1);
    if (last != "key" && last != "value") return last;
    return name.substr(name.substr(0, dot).rfind('.') + 1);
}

bool is_noun(std::string_view word, bool last) {
    if (listed(kNotNouns, word) || word.starts_with("stdin")) return false;
    if (ends_in_one_of(kNouns, word)) return true;
    return last && (ends_in_one_of(kLastNouns, word) || word == "pat");
}

// Environment variables spell PASS and PWD anywhere: DB_PASS_PROD.
bool is_variable_noun(std::string_view name, std::string_view word) {
    return is_shouted(name) && (word == "pass" || word == "pwd");
}

bool is_key_pair(std::span<const std::string_view> words, size_t i) {
    return i > 0 && (words[i] == "key" || words[i] == "keys") && listed(kKeyKinds, words[i - 1]);
}

}  // namespace

std::string_view canonical_name(std::string_view name) {
    for (const Alias& alias : kAliases)
        if (lists(alias.names, ',', name)) return alias.name;
    return name;
}

const Tool* find_tool(std::string_view name) {
    static const Index kIndex = build_index();
    auto found = kIndex.find(name);
    return found == kIndex.end() ? nullptr : &found->second;
}

std::optional<Secret> secret_of_file(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    for (const SecretFile& file : kFiles)
        if (listed(file.names, name)) return file.secret;
    name = name.substr(0, name.find('.', 1));  // db_password.txt
    if (names_secret(name)) return Secret::kUnnamed;
    return std::nullopt;
}

std::span<const InputRule> input_rules() { return kInputs; }
std::span<const TokenPrefix> tokens_that_begin(char first) {
    static const TokenIndex kIndex = build_token_index();
    return kIndex[static_cast<unsigned char>(first)];
}
std::span<const SecretPath> secret_paths() { return kSecretPaths; }

bool names_secret(std::string_view name) {
    if (name.size() > 96 || lists(kNotNames, ' ', name)) return false;
    if (listed(kWholeNames, name)) return true;
    NameWords parsed(last_part(name));
    auto words = parsed.all();
    if (words.empty() || listed(kAboutLast, words.back())) return false;
    if (words.size() > 1 && listed(kAboutFirst, words.front())) return false;
    if (words.size() == 1 && words[0] == "pat") return false;
    if (std::find(words.begin(), words.end(), "public") != words.end()) return false;
    // "--next-token": the place in a listing, or a key against doing a thing twice.
    if (words.size() > 1 && words.back() == "token" && listed(kPlainTokens, words[words.size() - 2]))
        return false;
    for (size_t i = 0; i < words.size(); ++i)
        if (is_noun(words[i], i + 1 == words.size()) || is_variable_noun(name, words[i]) ||
            is_key_pair(words, i))
            return true;
    return false;
}

bool names_command(std::string_view name) {
    NameWords parsed(name);
    auto words = parsed.all();
    if (words.empty()) return false;
    // "--command" alone is often SQL.
    bool pair = words.size() > 1 && (words.back() == "command" || words.back() == "cmd");
    return pair || words.back() == "rsh" || words.back() == "passcommand";
}

bool names_login(std::string_view name) { return listed(kLogins, name); }
bool is_secret_header(std::string_view name) { return listed(kHeaders, name); }
bool is_auth_scheme(std::string_view word) { return listed(kSchemes, word); }
int secret_argument(std::string_view function) {
    for (const Call& call : kCalls)
        if (listed(call.functions, function)) return call.argument;
    return 0;
}

bool precedes_string(std::string_view word) { return listed("password by ConvertTo-SecureString", word); }
bool keeps_p_plain(std::string_view program) { return listed(kPlainP, program); }
bool is_plain_key(std::string_view name) { return listed(kPlainKeys, name); }

bool is_secret_parameter(std::string_view name, std::string_view value) {
    if (listed(kParameters, name)) return true;
    return listed(kVagueParameters, name) && value.size() >= 16 &&
           std::any_of(value.begin(), value.end(), is_digit);
}

bool is_plain_value(std::string_view value) {
    if (value.empty() || listed(kPlainValues, value)) return true;
    bool sign = std::none_of(value.begin(), value.end(), is_alnum);
    if (sign && value.size() < 3) return true;  // [ "$1" = --token ]
    if (any_of(kPlainPrefixes, ' ', [&](std::string_view prefix) { return value.starts_with(prefix); }))
        return true;
    if (value.front() == '/') {
        std::string_view top = value.substr(1, value.find('/', 1) - 1);
        return listed(kTopDirectories, top) || ends_in_one_of(kFileEndings, value);
    }
    return ends_in_one_of(kFileEndings, value);
}

bool looks_random(std::string_view text) {
    int changes = 0;
    for (size_t i = 1; i < text.size(); ++i) {
        char a = text[i - 1], b = text[i];
        if (!is_letter(b) && !is_digit(b) && b != '_' && b != '-') return false;
        changes += is_digit(a) != is_digit(b) || (is_letter(a) && is_letter(b) && is_upper(a) != is_upper(b));
    }
    return text.size() >= 16 && changes >= 5;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace whodid::mask_rules
